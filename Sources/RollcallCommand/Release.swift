internal import ArgumentParser
internal import PlainText
internal import RollcallCore
internal import RollcallEngine

struct Release: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Approves removals that are held.",
    discussion: """
      Removals past the budget wait for a person; rollcall status names them and the set that they make. This approves \
      exactly those named by key, or exactly the set that was looked at: where it has changed since, nothing is \
      released. A removal that turns into another one afterwards is held anew. A running daemon acts at once.

      Examples:
        rollcall release 17 18
        rollcall release --set 8d3f0a61c2b4e597

      Exit codes: 0 approved, 1 a key is not held, the set has changed, or an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Keys whose removal is approved.")
  var keys: [String] = []

  @Option(help: ArgumentHelp("The set of all held removals as rollcall status showed it.", valueName: "id"))
  var set: String?

  func validate() throws {
    if keys.isEmpty == (set == nil) { throw ValidationError("Name keys, or --set ID; not both.") }
  }

  func run() async throws {
    let (keys, set) = (self.keys, self.set)
    try await options.perform(needsDirectory: false) { setting in
      let intervention = try Intervention(setting.configuration)
      defer { intervention.close() }
      let outcome: Intervention.Outcome
      if let set {
        outcome = try await intervention.release(set: set)
      } else {
        outcome = try await intervention.release(keys.map { RosterKey($0) })
      }
      for key in outcome.unknown { Output.error.say("rollcall: key \(key.text.printable) is not held") }
      Output.standard.say("\(counted(outcome.keys.count, "removal")) approved")
      return outcome.unknown.isEmpty ? 0 : 1
    }
  }
}
