/// Octets that must never be printed: a password, or a connection string that may hold one.
///
/// Every way to print it (description, interpolation, `dump`, reflection) shows `***`. Whoever needs the
/// octets says so with ``bytes`` or ``text``. Two secrets can be compared; the comparison tells only yes or
/// no.
package struct Secret: Hashable, Sendable {
  /// The octets, as they are sent.
  package let bytes: [UInt8]

  package init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  package init(_ text: some StringProtocol) {
    self.bytes = Array(text.utf8)
  }

  /// The octets read as UTF-8; what is not UTF-8 becomes U+FFFD.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package var isEmpty: Bool { bytes.isEmpty }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "***" }
  package var debugDescription: String { "***" }
  package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
