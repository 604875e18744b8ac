internal import Glibc

/// Lines on the two streams, written at once.
enum ProcessOutput {
  static func output(_ text: String) { put(text, 1) }
  static func error(_ text: String) { put(text, 2) }

  private static func put(_ text: String, _ descriptor: Int32) {
    let octets = Array(text.utf8)
    _ = unsafe octets.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
  }
}
