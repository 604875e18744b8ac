internal import CPostgres
public import Reactor

/// Owns one `PGresult`.
@safe
struct ResultHandle: ~Copyable {
  let pointer: OpaquePointer
  init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }
  deinit { unsafe PQclear(pointer) }
}

/// The rows that a statement returned, in text format; freed with its last reference.
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

  /// The OID of a column's type; for a domain, that of the type below it.
  public func typeOID(_ column: Int) -> UInt32 { unsafe PQftype(pointer, Int32(column)) }

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

  /// The error that the result stands for, with the server's own fields.
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
  /// libpq ends its messages with a line feed and indents their continuation.
  var trimmed: String {
    split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }.joined(separator: " ")
  }
}
