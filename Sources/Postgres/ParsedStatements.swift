/// What the server has parsed in a session, so that it need not be parsed again.
struct ParsedStatements {
  /// The text of the unnamed statement, if it is known.
  var unnamed: String?

  /// Records what a command that is sent replaces.
  mutating func note(_ text: Command.Text) {
    switch text {
    case .script, .statement, .read, .prepare(name: "", _): unnamed = nil
    case .prepare, .execute, .describe, .readKept, .clean: break
    }
  }
}
