/// A password that nobody may see: whatever prints, dumps or interpolates it shows asterisks.
public struct BindPassword: Sendable {
  let bytes: [UInt8]

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The UTF-8 encoding of `text`, as a simple bind wants a password (RFC 4511 section 4.2).
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
