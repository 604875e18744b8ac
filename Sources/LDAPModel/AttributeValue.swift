/// One value of an attribute: octets, usually UTF-8 text (RFC 4511 section 4.1.5).
///
/// Equality and hash are those of the octets: this is the *exact* comparison, which decides whether to write.
/// ``MatchingRule/normalize(_:schema:)`` gives the *equivalent* one, which decides identity.
public struct AttributeValue: Hashable, Sendable {
  public var bytes: [UInt8]

  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The UTF-8 encoding of `text`, unchanged.
  public init(_ text: some StringProtocol) {
    bytes = Array(text.utf8)
  }

  /// The value as text; nil if it is not valid UTF-8.
  public var text: String? {
    String(validating: bytes, as: UTF8.self)
  }
}

extension AttributeValue: ExpressibleByStringLiteral {
  public init(stringLiteral text: String) {
    self.init(text)
  }
}

extension AttributeValue: CustomStringConvertible, CustomDebugStringConvertible {
  /// The length, not the value itself, which might be a secret.
  public var description: String { "(\(bytes.count) octets)" }

  /// The text, with other octets as `\xx`. For test failures: values must not be logged.
  public var debugDescription: String {
    var out: [UInt8] = []
    appendReadable(bytes, to: &out)
    return String(decoding: out, as: UTF8.self)
  }
}
