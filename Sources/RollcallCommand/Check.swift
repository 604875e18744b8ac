internal import ArgumentParser
internal import PlainText
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallEngine

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks the configuration, both connections, the triggers and the directory's schema.",
    discussion: """
      Reads the configuration, connects to both sides as the daemon does, and checks the schema rollcall and the \
      triggers, each expression of the mapping and the tables that it reads, the directory's schema, the base, the \
      link's index, and the limits and rights of the account. It changes nothing. It prints one line for each finding: \
      ok, warning or error, the place, the cause and the remedy.

      Example:
        rollcall check --config /etc/rollcall.yaml | grep -v ^ok

      Exit codes: 0 without errors (there may be warnings), 1 with errors.
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
