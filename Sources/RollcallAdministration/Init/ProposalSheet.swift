internal import RollcallConfiguration

/// The proposed configuration while it is written: block style, two columns a level.
struct ProposalSheet {
  private(set) var text = ""
  private var depth = 0
  /// Whether what follows is a comment.
  var isComment = false

  private mutating func line(_ content: String) {
    let indent = String(repeating: " ", count: 2 * depth)
    text += (isComment ? "# " : "") + indent + content + "\n"
  }

  mutating func blank() { text += "\n" }

  mutating func remark(_ words: String) {
    for piece in Self.wrapped(YAMLText.comment(words), to: 110 - 2 * depth) { line(piece) }
  }

  /// A key whose value is a text that is written so that it means itself.
  mutating func pair(_ key: String, _ value: String, isBare: Bool = false) {
    line("\(key): \(isBare ? value : YAMLText.scalar(value))")
  }

  /// A key whose value names variables of the environment.
  mutating func variable(_ key: String, _ value: String) { line("\(key): \(YAMLText.withVariables(value))") }

  mutating func list(_ key: String, _ values: [String]) {
    line("\(key):")
    for value in values { line("- \(YAMLText.scalar(value))") }
  }

  mutating func item(_ pairs: [(String, String)]) {
    for (index, pair) in pairs.enumerated() {
      line("\(index == 0 ? "- " : "  ")\(pair.0): \(YAMLText.scalar(pair.1))")
    }
  }

  /// A key with more below it.
  mutating func open(_ key: String) {
    line("\(key):")
    depth += 1
  }

  mutating func close() { depth -= 1 }

  /// A comment over several lines.
  private static func wrapped(_ comment: String, to width: Int) -> [String] {
    var lines: [String] = []
    var current = ""
    for word in comment.split(separator: " ", omittingEmptySubsequences: false) {
      if !current.isEmpty, current.count + word.count >= width {
        lines.append(current)
        current = "#"
      }
      current += current.isEmpty ? String(word) : " " + word
    }
    return lines + [current]
  }
}
