/// Text that is put into SQL where a parameter cannot stand.
public enum SQLText {
  /// An identifier in double quotes (PostgreSQL manual, 4.1.1).
  public static func identifier(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// A literal in single quotes, safe with and without `standard_conforming_strings`.
  public static func literal(_ text: String) -> String {
    let doubled = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    guard doubled.contains("\\") else { return "'" + doubled + "'" }
    return " E'" + doubled.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
      + "'"
  }

  /// An array literal such as `{"a","b c"}` for one text parameter (PostgreSQL manual, 8.15.2).
  public static func array(_ elements: some Sequence<String>) -> String {
    var text = "{"
    for element in elements {
      if text.utf8.count > 1 { text += "," }
      text += "\""
      if element.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
        for character in element.unicodeScalars {
          if character == "\"" || character == "\\" { text.unicodeScalars.append("\\") }
          text.unicodeScalars.append(character)
        }
      } else {
        text += element
      }
      text += "\""
    }
    return text + "}"
  }
}
