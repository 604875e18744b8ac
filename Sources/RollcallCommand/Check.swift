internal import ArgumentParser
internal import PlainText
internal import RollcallEngine

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Looks whether everything is in place; changes nothing.",
    discussion: """
      Reads the configuration, connects to both sides as the daemon does, and looks at the schema and the triggers, at \
      each expression of the mapping, at what it reads and whether that is watched, at the directory's schema, the base, \
      the link's index and the limits of searches. Each finding is a line: ok, warning or error, where, what, and what \
      to do about it.

      Example:
        rollcall check --config /etc/rollcall.yaml | grep -v ^ok

      Exit codes: 0 no error (there may be warnings), 1 an error.
      """)

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    try await options.perform { setting in
      let inspection = Inspection(setting.configuration)
      inspection.onFinding = { Output.standard.say($0.line.printable) }
      return await inspection.run() == .error ? 1 : 0
    }
  }
}
