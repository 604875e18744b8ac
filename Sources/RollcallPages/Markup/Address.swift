/// Where links lead: paths of this server with their queries, percent-encoded.
public enum Address {
  /// A path with a query; fields that are nil or empty are left out.
  public static func page(_ path: String, _ fields: KeyValuePairs<String, String?> = [:]) -> String {
    let query = fields.compactMap { name, value in
      value.flatMap { $0.isEmpty ? nil : "\(name)=\(encoded($0))" }
    }
    return query.isEmpty ? path : "\(path)?\(query.joined(separator: "&"))"
  }

  /// Whether a key cannot stand in a path: a browser takes these for steps, however they are encoded; and an empty one is
  /// none.
  public static func isNoSegment(_ key: String) -> Bool { key.isEmpty || key == "." || key == ".." }

  public static func person(_ key: String, _ directory: String) -> String {
    if isNoSegment(key) { return page("/people", ["find": key, "directory": directory]) }
    return page("/people/\(encoded(key))", ["directory": directory])
  }

  static func transaction(_ xid: String, _ directory: String) -> String {
    page("/history", ["directory": directory, "xid": xid])
  }

  /// All octets but the unreserved ones of RFC 3986.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: bytes.append(byte)
      case _ where "-._~".utf8.contains(byte): bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
