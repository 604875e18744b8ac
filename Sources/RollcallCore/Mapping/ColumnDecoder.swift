public import LDAPModel

/// A value that has no form in LDAP, or output of a session with settings other than ours.
public struct UndecodableValue: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, without the value.
  public var description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Converts a column in text format, from a session with DateStyle=ISO and bytea_output=hex, to
/// attribute values.
public enum ColumnDecoder {
  /// The values of a column of a type known by its OID; nil is NULL.
  public static func values(_ bytes: [UInt8]?, oid: UInt32) throws(UndecodableValue) -> [AttributeValue] {
    try values(bytes, type: ColumnType(oid: oid))
  }

  /// The values of a column; nil is NULL. NULL and the empty string mean no value.
  public static func values(_ bytes: [UInt8]?, type: ColumnType) throws(UndecodableValue) -> [AttributeValue] {
    guard let bytes, !bytes.isEmpty else { return [] }
    guard case .array(let element) = type else {
      return try value(bytes, type).map { [$0] } ?? []
    }
    var result: [AttributeValue] = []
    var literal = ArrayLiteral(bytes)
    while let text = try literal.next() {
      if let value = try value(text, element) { result.append(value) }
    }
    return result
  }

  /// The value of one element; nil if it is empty.
  private static func value(_ bytes: [UInt8], _ type: ColumnType) throws(UndecodableValue) -> AttributeValue? {
    let octets: [UInt8] =
      switch type {
      case .text, .array: bytes
      case .blankPadded: withoutTrailingBlanks(bytes)
      case .bool: bytes == [UInt8(ascii: "t")] ? Array("TRUE".utf8) : Array("FALSE".utf8)
      case .bytea: try octets(hexadecimal: bytes)
      case .timestamptz: try GeneralizedTime.octets(timestamptz: bytes)
      }
    return octets.isEmpty ? nil : AttributeValue(bytes: octets)
  }

  private static func withoutTrailingBlanks(_ bytes: [UInt8]) -> [UInt8] {
    guard let last = bytes.lastIndex(where: { $0 != UInt8(ascii: " ") }) else { return [] }
    return Array(bytes[...last])
  }

  /// `\x0123…` (PostgreSQL manual, 8.4.1).
  private static func octets(hexadecimal bytes: [UInt8]) throws(UndecodableValue) -> [UInt8] {
    guard bytes.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "x")]), bytes.count.isMultiple(of: 2) else {
      throw UndecodableValue("a bytea is not in hexadecimal: the session needs bytea_output = hex")
    }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count / 2 - 1)
    for index in stride(from: 2, to: bytes.count, by: 2) {
      guard let high = digit(bytes[index]), let low = digit(bytes[index + 1]) else {
        throw UndecodableValue("a bytea contains characters other than hexadecimal digits")
      }
      result.append(high << 4 | low)
    }
    return result
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
