internal import PlainText

extension String {
  /// One word of a POSIX shell; nil where it holds something that a reader would not see.
  var shellWord: String? {
    if unicodeScalars.contains(where: \.isUnprintable) { return nil }
    let isPlain =
      !isEmpty && first != "-"
      && utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-_.,:/@%+=".utf8.contains(byte)
        }
      }
    return isPlain ? self : "'" + replacing("'", with: #"'\''"#) + "'"
  }

  /// The last words of a command: what begins with a hyphen is no option there.
  var shellArgument: String? { shellWord.map { hasPrefix("-") ? "-- \($0)" : $0 } }
}
