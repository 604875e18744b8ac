public import LDAPModel

/// The form of a password that is no clear text but a hash.
///
/// A server that does not know the form takes its text for the password: whoever can read the column could log in
/// with it.
public enum PasswordHash: Sendable, CaseIterable {
  /// With its scheme before it, as `{SSHA}…` (RFC 2307 section 5.3).
  case withScheme
  /// As crypt(3) and web frameworks write it, `$6$…`: no directory knows it without a scheme.
  case bare

  /// Nil: clear text.
  public init?(_ password: AttributeValue) {
    let bytes = password.bytes
    switch bytes.first {
    case UInt8(ascii: "{"):
      let scheme = bytes.dropFirst().prefix { $0 != UInt8(ascii: "}") }
      guard (2...Self.longestScheme).contains(scheme.count), scheme.count + 1 < bytes.count,
        scheme.allSatisfy(Self.isOfScheme)
      else { return nil }
      self = .withScheme
    case UInt8(ascii: "$"):
      let method = bytes.dropFirst().prefix { $0 != UInt8(ascii: "$") }
      let rest = bytes.dropFirst(method.count + 2)
      guard Self.methods.contains(String(decoding: method, as: UTF8.self)), rest.count >= Self.shortestHash,
        rest.allSatisfy({ (0x21...0x7E).contains($0) })
      else { return nil }
      self = .bare
    default: return nil
    }
  }

  /// A regular expression of PostgreSQL that finds it.
  public var pattern: String {
    switch self {
    case .withScheme: #"^\{[A-Za-z0-9._/+-]{2,\#(Self.longestScheme)}\}"#
    case .bare: #"^\$(\#(Self.methods.sorted().joined(separator: "|")))\$[!-~]{\#(Self.shortestHash),}$"#
    }
  }

  /// What is wrong with it, without a part of its value; nil: the server takes it.
  public func complaint(takesHashes: Bool) -> Wording? {
    switch self {
    case .withScheme:
      takesHashes
        ? nil
        : "is a hash (it begins with a scheme in braces), and this server takes clear text only: the text of the hash "
          + "would become the password; give it clear text, or NULL"
    case .bare:
      takesHashes
        ? "is a hash without a scheme, and its text would become the password; put {CRYPT}, or the scheme that it has, "
          + "before it"
        : "is a hash, and its text would become the password; give it clear text, or NULL"
    }
  }

  private static let longestScheme = 64
  private static let shortestHash = 20

  /// Few on purpose: clear text may begin with a dollar sign, too.
  private static let methods: Set<String> = [
    "1", "2", "2a", "2b", "2x", "2y", "3", "5", "6", "7", "8", "9", "y", "gy", "md5", "sha1", "apr1", "P", "H", "S",
    "NT",
    "argon2i", "argon2d", "argon2id", "bcrypt", "bcrypt-sha256", "scrypt", "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256",
    "pbkdf2-sha512",
  ]

  private static func isOfScheme(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "._/+-".utf8.contains(byte)
    }
  }
}
