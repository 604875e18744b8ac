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

  /// The text with what is unprintable escaped, without quotes: for lines that people read.
  var printable: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    return unicodeScalars.map { $0.isUnprintable ? $0.utf16Escape : String($0) }.joined()
  }
}

extension Unicode.Scalar {
  /// Control characters, line and paragraph separators, and marks that turn the direction of what follows.
  fileprivate var isUnprintable: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }

  /// `\u001b`; all unprintable characters are in the basic plane.
  fileprivate var utf16Escape: String {
    let digits = String(value, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
