/// Octets that must never be printed: a password, or a connection string that may hold one.
///
/// Every way to print it (description, interpolation, `dump`, reflection) shows `***`. Whoever needs the
/// octets says so with ``bytes`` or ``text``. Two secrets can be compared; the comparison tells only yes or
/// no.
public struct Secret: Hashable, Sendable {
  /// The octets, as they are sent.
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  public init(_ text: some StringProtocol) {
    self.bytes = Array(text.utf8)
  }

  /// The octets read as UTF-8; what is not UTF-8 becomes U+FFFD.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  public var isEmpty: Bool { bytes.isEmpty }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "***" }
  public var debugDescription: String { "***" }
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
