/// A keytab of a test's own: with keys that no account has.
public enum KeytabText {
  /// Entries of AES-256 keys for principals such as `rollcall@EXAMPLE.COM`; all octets are ASCII.
  public static func of(_ principals: String...) -> String {
    "\u{5}\u{2}" + principals.map(entry).joined()
  }

  private static func entry(_ principal: String) -> String {
    let parts = principal.split(separator: "@").map(String.init)
    let components = parts[0].split(separator: "/").map(String.init)
    let name = number(components.count, 2) + counted(parts[1]) + components.map(counted).joined()
    // The type of the name, the time, the key's version and kind.
    let key = number(1, 4) + number(0, 4) + number(1, 1) + number(18, 2) + counted(String(repeating: "k", count: 32))
    return number((name + key).utf8.count, 4) + name + key
  }

  private static func counted(_ text: String) -> String { number(text.utf8.count, 2) + text }

  /// Big-endian; below 128.
  private static func number(_ value: Int, _ octets: Int) -> String {
    String(repeating: "\0", count: octets - 1) + String(Character(UnicodeScalar(UInt8(value))))
  }
}
