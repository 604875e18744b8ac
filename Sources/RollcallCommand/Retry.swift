internal import ArgumentParser
internal import PlainText
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallEngine

struct Retry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tries parked keys again.",
    discussion: """
      A key is parked when its row cannot be applied to its entry; rollcall status shows why. Rollcall retries it \
      automatically when the row, the mapping or the obstacle changes. This command makes it try now; a running daemon \
      acts at once.

      Examples:
        rollcall retry
        rollcall retry 17 18

      Exit codes: 0 on success (keys that are not parked are listed), 1 on an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Parked keys. Default: all of them.")
  var keys: [String] = []

  func run() async throws {
    let keys = self.keys
    try await options.perform(needsDirectory: false) { setting in
      let operatorActions = try OperatorActions(setting.configuration)
      defer { operatorActions.close() }
      let outcome = try await operatorActions.retry(keys.map { RosterKey($0) })
      for key in outcome.unknown { Output.error.say("rollcall: key \(key.shown) is not parked") }
      Output.standard.say("\(counted(outcome.keys.count, "key")) released")
      return 0
    }
  }
}
