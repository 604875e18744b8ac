internal import ArgumentParser
internal import Logging
internal import RollcallAdministration
internal import RollcallEngine

struct Sync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Brings the directory in step once and ends; for cron, or after a repair.",
    discussion: """
      Applies what has changed since the last time, or compares everybody with --full. If a daemon leads the directory, \
      sync asks the daemon and waits for the result.

      With --log-level warning it prints nothing if the directory is in step at the end.

      Example, which corrects drift in the directory at night:
        17 3 * * *  rollcall sync --full --log-level warning

      Exit codes: 0 if the directory is in step, 1 if a key is parked, a removal is held, or it failed.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Compare the whole table with the whole directory.")
  var full = false

  func run() async throws {
    let full = self.full
    // For cron, which mails what is printed.
    let isQuiet = options.level >= .warning
    try await options.perform { setting in
      setting.warn()
      let engine = try Engine(setting.configuration, logger: setting.logger)
      defer { engine.close() }
      let outcome = try await OneShot(engine).run(full: full)
      let isInStep = outcome.parked == 0 && outcome.held == 0
      if isQuiet, isInStep { return 0 }
      let done = outcome.applied.map { counted($0, "operation") } ?? "done by the daemon that leads"
      try Output.standard.write("\(done), \(outcome.parked) parked, \(outcome.held) held\n")
      return isInStep ? 0 : 1
    }
  }
}
