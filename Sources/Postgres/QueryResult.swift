internal import CPostgres
public import Reactor

/// Owns one `PGresult`.
@safe
struct ResultHandle: ~Copyable {
  let pointer: OpaquePointer
  init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }
  deinit { unsafe PQclear(pointer) }
}

/// The rows that a statement returned, in text format; freed with the last reference.
@Reactor
public final class QueryResult {
  private let handle: ResultHandle

  init(_ handle: consuming ResultHandle) { self.handle = handle }

  private var pointer: OpaquePointer { unsafe handle.pointer }

  public var rowCount: Int { Int(unsafe PQntuples(pointer)) }
  public var columnCount: Int { Int(unsafe PQnfields(pointer)) }
  public var isEmpty: Bool { rowCount == 0 }

  /// Rows that an INSERT, UPDATE or DELETE touched; 0 for other statements.
  public var affectedRows: Int { Int(unsafe String(cString: PQcmdTuples(pointer))) ?? 0 }

  /// The OID of a column's type; for a domain, that of its base type.
  public func typeOID(_ column: Int) -> UInt32 { unsafe PQftype(pointer, Int32(column)) }

  /// The OID of the table or view of which a column is a column; 0 if it is computed.
  public func tableOID(_ column: Int) -> UInt32 { unsafe PQftable(pointer, Int32(column)) }

  public func columnName(_ column: Int) -> String {
    guard let name = unsafe PQfname(pointer, Int32(column)) else { return "" }
    return unsafe String(cString: name)
  }

  public func isNull(_ row: Int, _ column: Int) -> Bool {
    unsafe PQgetisnull(pointer, Int32(row), Int32(column)) == 1
  }

  /// A value's octets in text format; nil for NULL.
  public func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
    if isNull(row, column) { return nil }
    guard let start = unsafe PQgetvalue(pointer, Int32(row), Int32(column)) else { return nil }
    let length = Int(unsafe PQgetlength(pointer, Int32(row), Int32(column)))
    return unsafe Array(UnsafeRawBufferPointer(start: start, count: length))
  }

  /// The octets of a bytea, which the session prints in hexadecimal; nil for NULL and for anything else. It does not
  /// copy the text, which is twice as long.
  public func octets(_ row: Int, _ column: Int) -> [UInt8]? {
    if isNull(row, column) { return nil }
    guard let start = unsafe PQgetvalue(pointer, Int32(row), Int32(column)) else { return nil }
    let length = Int(unsafe PQgetlength(pointer, Int32(row), Int32(column)))
    let text = unsafe UnsafeRawBufferPointer(start: start, count: length)
    guard length >= 2, length.isMultiple(of: 2), unsafe text[0] == UInt8(ascii: "\\"),
      unsafe text[1] == UInt8(ascii: "x")
    else { return nil }
    var isValid = true
    let octets = unsafe [UInt8](unsafeUninitializedCapacity: length / 2 - 1) { buffer, count in
      for index in 0..<length / 2 - 1 {
        let high = unsafe hexadecimalDigit(text[2 * index + 2])
        let low = unsafe hexadecimalDigit(text[2 * index + 3])
        if high > 15 || low > 15 { isValid = false }
        unsafe buffer[index] = high << 4 | low & 15
      }
      count = length / 2 - 1
    }
    return isValid ? octets : nil
  }

  /// The length of the longest value of the rows in text format, in octets.
  public var longestValue: Int {
    var longest = 0
    for row in 0..<rowCount {
      for column in 0..<columnCount {
        longest = max(longest, Int(unsafe PQgetlength(pointer, Int32(row), Int32(column))))
      }
    }
    return longest
  }

  /// A value as text; nil for NULL.
  public func text(_ row: Int, _ column: Int) -> String? {
    if isNull(row, column) { return nil }
    guard let start = unsafe PQgetvalue(pointer, Int32(row), Int32(column)) else { return nil }
    let length = Int(unsafe PQgetlength(pointer, Int32(row), Int32(column)))
    return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
  }

  public func int(_ row: Int, _ column: Int) -> Int? { text(row, column).flatMap { Int($0) } }

  public func double(_ row: Int, _ column: Int) -> Double? { text(row, column).flatMap { Double($0) } }

  /// True for SQL's true; false for false and for NULL.
  public func bool(_ row: Int, _ column: Int) -> Bool {
    guard !isNull(row, column), let start = unsafe PQgetvalue(pointer, Int32(row), Int32(column)) else {
      return false
    }
    return unsafe start[0] == UInt8(ascii: "t")
  }

  var status: ExecStatusType { unsafe PQresultStatus(pointer) }

  private var wholeMessage: String { unsafe String(cString: PQresultErrorMessage(pointer)).trimmed }

  /// The error of the result, with the server's own fields.
  var error: PostgresError {
    func field(_ code: Character) -> String? {
      guard let ascii = code.asciiValue, let text = unsafe PQresultErrorField(pointer, Int32(ascii)) else {
        return nil
      }
      return unsafe String(cString: text)
    }
    // The field codes are those of the protocol's ErrorResponse (PostgreSQL manual, 55.8).
    let state = field("C")
    return PostgresError(
      kind: state == nil ? .connection : .server, sqlState: state,
      message: field("M") ?? wholeMessage,
      detail: field("D"), hint: field("H"), position: field("P").flatMap { Int($0) }, context: field("W"))
  }
}

extension String {
  /// The message as one line. libpq writes an explanation on lines of its own and indents them: it stands in parentheses.
  var trimmed: String {
    var text = ""
    var isExplaining = false
    for line in split(whereSeparator: \.isNewline) {
      let words = line.drop(while: \.isWhitespace)
      if words.isEmpty { continue }
      let explains = words.startIndex > line.startIndex && !text.isEmpty
      switch (isExplaining, explains) {
      case (false, true): text += " ("
      case (true, true): text += " "
      case (true, false): text += "); "
      case (false, false): text += text.isEmpty ? "" : "; "
      }
      text += words
      isExplaining = explains
    }
    return isExplaining ? text + ")" : text
  }
}

/// 16 or more: not a digit.
private func hexadecimalDigit(_ byte: UInt8) -> UInt8 {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  default: 16
  }
}
