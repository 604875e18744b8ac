internal import PlainText

extension String {
  /// The text in double quotes, as in JSON (RFC 8259, section 7); also escapes all characters that a terminal could
  /// interpret as a command or that could make a line look like another one.
  var quoted: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        if scalar.isUnprintable { text += scalar.utf16Escape } else { text.unicodeScalars.append(scalar) }
      }
    }
    return text + "\""
  }
}
