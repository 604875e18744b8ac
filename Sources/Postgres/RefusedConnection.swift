/// Parses libpq's message about a connection that could not be made.
///
/// For statements libpq keeps the fields of the server's answer, but not here; in verbose mode it writes the SQLSTATE
/// into the text, one line per host: `connection to server at "db" failed: FATAL:  28P01: password …`.
enum RefusedConnection {
  /// The error with its SQLSTATE, and a text without the additions of verbose mode.
  static func error(_ text: String) -> PostgresError {
    var state: String?
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("LOCATION:") }.map { line in
      guard let found = sqlState(in: line) else { return String(line) }
      state = String(line[found].prefix(5))
      return String(line[..<found.lowerBound]) + line[found.upperBound...]
    }
    return PostgresError(kind: .connection, sqlState: state, message: lines.joined(separator: "\n").trimmed)
  }

  /// The position of the state, with the colon and the blank that follow: after the severity, in any language.
  private static func sqlState(in line: Substring) -> Range<Substring.Index>? {
    let text = line.utf8
    var start = text.startIndex
    while let gap = text[start...].firstRange(of: ":  ".utf8) {
      let end = text.index(gap.upperBound, offsetBy: 7, limitedBy: text.endIndex) ?? text.endIndex
      let candidate = text[gap.upperBound..<end]
      if candidate.count == 7, candidate.suffix(2).elementsEqual(": ".utf8),
        candidate.prefix(5).allSatisfy(isState)
      {
        return gap.upperBound..<end
      }
      start = gap.upperBound
    }
    return nil
  }

  private static func isState(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
