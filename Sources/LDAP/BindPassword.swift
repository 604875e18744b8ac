/// A password that is never shown: printing, dumping or interpolating it gives asterisks.
public struct BindPassword: Sendable {
  let bytes: [UInt8]

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The UTF-8 encoding of `text`, which a simple bind requires (RFC 4511 section 4.2).
  public init(_ text: String) {
    bytes = Array(text.utf8)
  }

  public var isEmpty: Bool { bytes.isEmpty }
}

extension BindPassword: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "***" }
  public var debugDescription: String { "***" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
