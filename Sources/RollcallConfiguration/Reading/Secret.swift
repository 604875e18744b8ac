/// Octets that must never be printed: a password, or a connection string that may contain one.
///
/// Every way to print it (description, interpolation, `dump`, reflection) shows `***`. Use ``bytes`` or ``text`` to
/// get the octets. Two secrets can be compared; the result is only yes or no.
package struct Secret: Hashable, Sendable {
  /// The octets that are sent.
  package let bytes: [UInt8]

  package init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  package init(_ text: some StringProtocol) {
    self.bytes = Array(text.utf8)
  }

  /// The octets decoded as UTF-8; invalid sequences become U+FFFD.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package var isEmpty: Bool { bytes.isEmpty }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "***" }
  package var debugDescription: String { "***" }
  package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
