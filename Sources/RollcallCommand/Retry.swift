internal import ArgumentParser
internal import PlainText
internal import RollcallCore
internal import RollcallEngine

struct Retry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lets parked keys be tried again.",
    discussion: """
      A key is parked when its row or entry cannot be put right; rollcall status says why. It is released by itself when \
      its row, the mapping or what stands in its way changes. This releases it now. A running daemon acts at once.

      Examples:
        rollcall retry
        rollcall retry 17 18

      Exit codes: 0 done (keys that are not parked are named), 1 an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Parked keys; all of them where none is named.")
  var keys: [String] = []

  func run() async throws {
    let keys = self.keys
    try await options.perform(needsDirectory: false) { setting in
      let intervention = try Intervention(setting.configuration)
      defer { intervention.close() }
      let outcome = try await intervention.retry(keys.map { RosterKey($0) })
      for key in outcome.unknown { Output.error.say("rollcall: key \(key.shown) is not parked") }
      Output.standard.say("\(counted(outcome.keys.count, "key")) released")
      return 0
    }
  }
}
