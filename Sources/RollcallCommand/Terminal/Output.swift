internal import Glibc

/// Standard output or standard error, written without a buffer.
enum Output: Int32 {
  case standard = 1
  case error = 2

  /// Why a text could not be written, such as a full disk.
  struct Failure: Error, CustomStringConvertible {
    let code: Int32
    var description: String { "cannot write the output: \(unsafe String(cString: strerror(code)))" }
  }

  /// Writes a whole text, replacing a progress bar if one is shown.
  func write(_ text: String) throws(Failure) {
    ProgressBar.clear()
    try put(text)
  }

  /// Writes a whole text without removing a progress bar.
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

  /// Writes a line that may be lost: if the stream is closed, it is dropped.
  func say(_ text: String) { try? write(text + "\n") }
}
