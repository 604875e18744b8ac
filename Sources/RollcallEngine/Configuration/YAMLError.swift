internal import Yams

extension YAMLNode.Flaw {
  /// What the parser found wrong. Never quotes a line of the text: it may hold a password.
  init(_ error: YamlError, in text: String) {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      var mark = Configuration.Mark(mark)
      let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      if mark.line > lines.count {
        // The end of a text that lacks its last newline.
        mark = .init(line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1)
      }
      let character = lines[mark.line - 1].unicodeScalars.dropFirst(mark.column - 1).first
      let hint = Self.hint(for: problem, at: character).map { "; \($0)" } ?? ""
      self.init(mark: mark, message: Self.message(context: context, problem: problem) + hint)
    case .reader:
      self.init(
        mark: Self.firstControlCharacter(in: text),
        message: "invalid YAML: a control character, which YAML does not allow")
    case .duplicatedKeysInMapping(let keys, let context):
      let mark = Configuration.Mark(context.mark)
      let name = Self.isFollowedByColon(keys.first ?? "", at: mark, in: text) ? " \"\(keys[0])\"" : ""
      self.init(mark: mark, message: "duplicate key\(name); this is the first of them")
    default:
      self.init(mark: .init(line: 1, column: 1), message: "invalid YAML")
    }
  }

  private static func message(context: YamlError.Context?, problem: String) -> String {
    if problem.hasPrefix("Maximum nesting level") { return "nested too deeply" }
    guard let context else { return "invalid YAML: \(problem)" }
    return "invalid YAML: \(context.text) (line \(context.mark.line)), \(problem)"
  }

  /// What people run into who write SQL or passwords into YAML.
  private static func hint(for problem: String, at character: Unicode.Scalar?) -> String? {
    if character == "\t" { return "indent with spaces, not with tabs" }
    switch problem {
    case "did not find expected key", "did not find expected comment or line break":
      return "if a value begins with a quote, put the whole of it in the other kind of quotes"
    case "mapping values are not allowed in this context":
      return "put a value that holds \": \" in quotes"
    case "found character that cannot start any token", "found undefined alias",
      "did not find expected alphabetic or numeric character":
      return "put the value in quotes"
    default: return nil
    }
  }

  /// `{ password: a,b,b }` has two keys `b`, which are better not shown.
  private static func isFollowedByColon(_ key: String, at mark: Configuration.Mark, in text: String) -> Bool {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard lines.indices.contains(mark.line - 1) else { return false }
    let rest = Substring(lines[mark.line - 1].unicodeScalars.dropFirst(mark.column - 1))
    return ["\(key):", "\"\(key)\":", "'\(key)':"].contains { rest.hasPrefix($0) }
  }

  /// Where the text leaves YAML's character set (YAML 1.2, 5.1).
  private static func firstControlCharacter(in text: String) -> Configuration.Mark {
    var mark = Configuration.Mark(line: 1, column: 1)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": mark = .init(line: mark.line + 1, column: 1)
      case "\t", "\r", " "..."~", "\u{85}", "\u{A0}"..."\u{FEFE}", "\u{FF00}"..."\u{FFFD}", "\u{10000}"...:
        mark.column += 1
      default: return mark
      }
    }
    return .init(line: 1, column: 1)
  }
}
