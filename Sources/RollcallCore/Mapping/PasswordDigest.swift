public import LDAPModel

/// Tells whether a person's password in the table is the one that was written last, without keeping it.
///
/// HMAC-SHA-256 (RFC 2104) of the person's key and the password, with a random key: whoever has the digests alone can
/// neither guess passwords with them nor see that two people have the same one.
public struct PasswordDigest: Sendable {
  /// The octets of a block of SHA-256.
  private static let block = 64
  private let inner: [UInt8]
  private let outer: [UInt8]

  /// - Parameter key: any text, at least 32 random octets' worth.
  public init(key: String) {
    var key = Array(key.utf8)
    if key.count > PasswordDigest.block { key = Array(SHA256.hex(key).utf8) }
    key += [UInt8](repeating: 0, count: PasswordDigest.block - key.count)
    inner = key.map { $0 ^ 0x36 }
    outer = key.map { $0 ^ 0x5C }
  }

  /// 64 hexadecimal digits.
  public func of(_ password: AttributeValue, person: RosterKey) -> String {
    // The length keeps the end of the key apart from the beginning of the password.
    let text = Array("\(person.text.utf8.count):\(person.text)".utf8) + password.bytes
    return SHA256.hex(outer + SHA256.octets(inner + text))
  }
}
