internal import Glibc

/// One of the process's two streams, written to without a buffer.
enum Output: Int32 {
  case standard = 1
  case error = 2

  /// Why a text could not be written, such as a full disk.
  struct Failure: Error, CustomStringConvertible {
    let code: Int32
    var description: String { "cannot write the output: \(unsafe String(cString: strerror(code)))" }
  }

  /// Writes all of a text, in place of a progress bar where one stands.
  func write(_ text: String) throws(Failure) {
    ProgressBar.clear()
    try put(text)
  }

  /// Writes all of a text beside whatever stands there.
  func put(_ text: String) throws(Failure) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(rawValue, $0.baseAddress! + done, $0.count - done)
      }
      if count > 0 { done += count } else if errno != EINTR { throw Failure(code: errno) }
    }
  }

  /// Writes lines that nobody is owed: where the stream is closed they are lost.
  func say(_ text: String) { try? write(text + "\n") }
}
