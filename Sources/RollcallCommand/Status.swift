internal import ArgumentParser
internal import RollcallAdministration
internal import RollcallEngine

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows lag, backlog, parked and pinned keys, held removals and problems.",
    discussion: """
      Reads only the database, so it works while the daemon or the directory is down. For each held removal it prints \
      the reason and the command that approves it.

      Examples:
        rollcall status
        rollcall status --json | jq .watermark_age_seconds
        rollcall status --fail-on held,behind

      Exit codes: 0 if all is well, 1 if something is parked or held, the removal of a pinned key waits, the directory is \
      behind, nobody leads it or there is a problem, 69 if the state cannot be read. With --fail-on, 1 only for what it \
      names: parked, held (pinned removals included) or behind.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(
    name: .customLong("fail-on"),
    help: ArgumentHelp(
      "Exit with 1 only for these, separated by commas: parked, held, behind. Default: for all of them and for problems.",
      valueName: "list"),
    transform: { text in
      try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
        guard let fault = StatusReport.Fault(rawValue: String(word)) else {
          throw ValidationError("'\(word)' is not one of parked, held, behind.")
        }
        return fault
      }
    })
  var failOn: [StatusReport.Fault]?

  func run() async throws {
    let (json, file, failOn) = (self.json, options.file, self.failOn)
    try await options.perform(failure: 69, needsDirectory: false) { setting in
      let report = try await StatusReport.read(setting.configuration)
      let page = StatusPage(report, file: file)
      try Output.standard.write(json ? page.json.text : page.text)
      guard let failOn else { return report.isWell ? 0 : 1 }
      return report.faults.isDisjoint(with: failOn) ? 0 : 1
    }
  }
}
