internal import PlainText

/// Text as it is written into a configuration.
package enum YAMLText {
  /// A scalar in YAML's plain style where that is safe, else in double quotes (YAML 1.2, 7.3.1), with every `${` marked
  /// as no variable.
  package static func scalar(_ text: String) -> String {
    quoted(text.split(separator: "${", omittingEmptySubsequences: false).joined(separator: "$${"))
  }

  /// The same for a text whose `${NAME}` are variables.
  package static func withVariables(_ text: String) -> String { quoted(text) }

  private static func quoted(_ text: String) -> String {
    if isPlain(text) { return text }
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\t": out += "\\t"
      case "\r": out += "\\r"
      default: if scalar.isUnprintable { out += escape(scalar) } else { out.unicodeScalars.append(scalar) }
      }
    }
    return out + "\""
  }

  /// `\U0001f600`: by the code point, not by halves as in JSON.
  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    let width = scalar.value > 0xFFFF ? 8 : 4
    return (width == 8 ? "\\U" : "\\u") + String(repeating: "0", count: width - digits.count) + digits
  }

  /// Whether nobody can take it for anything but this text: no indicator of YAML, no other type, nothing but ASCII.
  private static func isPlain(_ text: String) -> Bool {
    let isSafe = text.utf8.allSatisfy { octet in
      switch octet {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: " _-.,=/()'+:|*<>$;^\\@~${}".utf8.contains(octet)
      }
    }
    guard isSafe, let first = text.utf8.first, text.utf8.last != 0x20, !text.contains(": "), !text.hasSuffix(":"),
      !text.contains(" #")
    else { return false }
    guard (0x41...0x5A).contains(first) || (0x61...0x7A).contains(first) || first == 0x5F || first == 0x28 else {
      return text.hasPrefix("${") ? false : isPath(text)
    }
    return !["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
  }

  private static func isPath(_ text: String) -> Bool { text.hasPrefix("/") }

  /// One line of a comment: nothing in it can end the line.
  package static func comment(_ text: String) -> String {
    let line = text.split { $0.isNewline }.joined(separator: " ").printable
    return "# " + line.excerpt(300)
  }
}
