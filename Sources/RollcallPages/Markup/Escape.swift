internal import PlainText

/// The only way from a value to HTML.
enum Escape {
  /// How much of a value is kept as it is.
  enum Form {
    /// On one line: line breaks are shown as escapes too.
    case word
    /// Line feeds and tabulators stay.
    case lines
    /// Everything stays that HTML can carry.
    case exact
  }

  /// Scalars are looked at, never characters: a quote with a combining mark behind it is one character to Swift, and a
  /// quote and something more to a browser.
  static func html(_ text: String, _ form: Form) -> String {
    var html: [UInt8] = []
    html.reserveCapacity(text.utf8.count + 16)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": html += "&amp;".utf8
      case "<": html += "&lt;".utf8
      case ">": html += "&gt;".utf8
      case "\"": html += "&quot;".utf8
      case "'": html += "&#39;".utf8
      case "\0" where form == .exact: html += "\u{FFFD}".utf8
      // A parser makes line feeds of carriage returns.
      case "\r" where form == .exact: html += "&#13;".utf8
      case "\n" where form != .word, "\t" where form != .word: html.append(UInt8(scalar.value))
      default:
        if form != .exact, scalar.isUnprintable {
          html += scalar.utf16Escape.utf8
        } else {
          html += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        }
      }
    }
    return String(decoding: html, as: UTF8.self)
  }
}
