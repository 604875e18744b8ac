/// Text that is inserted into SQL where parameters are not allowed.
///
/// Everything here works on octets. In Swift's characters, a quotation mark followed by a combining mark would not
/// equal a quotation mark, and would not be escaped.
public enum SQLText {
  /// An identifier in double quotes (PostgreSQL manual, 4.1.1).
  public static func identifier(_ name: String) -> String {
    enclosed(name, in: UInt8(ascii: "\""), doubling: [UInt8(ascii: "\"")])
  }

  /// A literal in single quotes, safe with and without `standard_conforming_strings`.
  public static func literal(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "\\")) else {
      return enclosed(text, in: UInt8(ascii: "'"), doubling: [UInt8(ascii: "'")])
    }
    return " E" + enclosed(text, in: UInt8(ascii: "'"), doubling: [UInt8(ascii: "'"), UInt8(ascii: "\\")])
  }

  /// An array literal such as `{"a","b c"}` for one text parameter (PostgreSQL manual, 8.15.2).
  public static func array(_ elements: some Sequence<String>) -> String {
    var bytes = [UInt8(ascii: "{")]
    for element in elements { append(element, to: &bytes) }
    bytes.append(UInt8(ascii: "}"))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The same with NULL for nil.
  public static func array(_ elements: some Sequence<String?>) -> String {
    var bytes = [UInt8(ascii: "{")]
    for element in elements {
      if let element {
        append(element, to: &bytes)
      } else {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes += "NULL".utf8
      }
    }
    bytes.append(UInt8(ascii: "}"))
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func append(_ element: String, to bytes: inout [UInt8]) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\""))
    for byte in element.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// The text between two quotation marks, with some of its octets doubled.
  private static func enclosed(_ text: String, in mark: UInt8, doubling special: [UInt8]) -> String {
    var bytes = [mark]
    bytes.reserveCapacity(text.utf8.count + 2)
    for byte in text.utf8 {
      if special.contains(byte) { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(mark)
    return String(decoding: bytes, as: UTF8.self)
  }
}
