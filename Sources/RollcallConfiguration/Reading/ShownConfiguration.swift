internal import Postgres
internal import YAML

/// The text of a configuration as others may see it: what the file says, without comments, environment values and
/// secrets.
///
/// `***` stands for a password, for what may hold one (a connection string with a password, the expressions of
/// `users.password` and `users.create_only`), and for whatever else cannot be told from one.
struct ShownConfiguration {
  private var lines: [String] = []

  /// The whole document as block-style YAML.
  static func text(_ document: YAMLNode) -> String {
    var shown = ShownConfiguration()
    if case .mapping(let pairs) = document.content { shown.add(pairs, indent: "", path: "") }
    return shown.lines.map { $0 + "\n" }.joined()
  }

  private mutating func add(_ pairs: [YAMLNode.Pair], indent: String, path: String, first: String? = nil) {
    for (index, pair) in pairs.enumerated() {
      let start = index == 0 ? first ?? indent : indent
      add(
        pair.value, after: "\(start)\(YAMLText.withVariables(pair.key)):", indent: indent,
        path: path.isEmpty ? pair.key : "\(path).\(pair.key)")
    }
  }

  private mutating func add(_ node: YAMLNode, after start: String, indent: String, path: String) {
    switch node.content {
    case .null: lines.append(start)
    case .text(let text):
      lines.append("\(start) \(Self.isSecret(text, path) ? "\"***\"" : YAMLText.withVariables(text))")
    case .mapping(let pairs):
      if pairs.isEmpty { return lines.append("\(start) {}") }
      lines.append(start)
      add(pairs, indent: indent + "  ", path: path)
    case .list(let items):
      if items.isEmpty { return lines.append("\(start) []") }
      lines.append(start)
      for item in items {
        if case .mapping(let pairs) = item.content, !pairs.isEmpty {
          add(pairs, indent: indent + "    ", path: path, first: indent + "  - ")
        } else {
          add(item, after: "\(indent)  -", indent: indent + "  ", path: path)
        }
      }
    }
  }

  private static func isSecret(_ text: String, _ path: String) -> Bool {
    // Only the name of a variable is in the file.
    if text.wholeMatch(of: /\$\{[A-Za-z0-9_]+\}/) != nil { return false }
    return switch path {
    case "source.connection", "source.reader":
      (try? ConnectionOptions(text, applicationName: ""))?.holdsSecret ?? true
    case "directory.bind.password", "users.password": true
    case "users.password.follow": !["true", "false"].contains(text)
    default: path.hasPrefix("users.password.") || path.hasPrefix("users.create_only.")
    }
  }
}
