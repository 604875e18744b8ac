extension JournalRow {
  /// The same row in ASCII: names escaped as in RFC 4514 section 2.4, JSON as in RFC 8259 section 7, other characters
  /// of messages replaced by question marks.
  public var inASCII: JournalRow {
    var row = self
    row.dn = dn.map(JournalRow.escapedName)
    row.newDN = newDN.map(JournalRow.escapedName)
    row.changes = changes.map(JournalRow.escapedJSON)
    row.message = message.map(JournalRow.marked)
    row.actor = actor.map(JournalRow.marked)
    row.because = because.map(JournalRow.marked)
    return row
  }

  private static func escapedName(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
      if byte < 0x80 {
        out.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        out += "\\" + String(byte, radix: 16)
      }
    }
    return out
  }

  private static func escapedJSON(_ text: String) -> String {
    var out = ""
    for unit in text.utf16 {
      if unit < 0x80, let scalar = Unicode.Scalar(unit) {
        out.unicodeScalars.append(scalar)
      } else {
        let digits = String(unit, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return out
  }

  private static func marked(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
  }
}
