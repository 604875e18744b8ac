internal import PlainText

extension String {
  /// In double quotes, as JSON has it (RFC 8259, section 7), with everything escaped besides that a terminal could
  /// take for a command or that could make a line look like another one.
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
