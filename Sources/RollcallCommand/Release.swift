internal import ArgumentParser
internal import PlainText
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallEngine

struct Release: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Approves removals and takeovers that are held.",
    discussion: """
      Removals beyond the removal budget wait for a person, and so does the first change of an entry or a group that \
      Rollcall did not make (a takeover). rollcall status shows them, and an id for the whole set. This command approves \
      exactly the keys that you name, or exactly the set that you have seen: if the set has changed since, it approves \
      nothing. If an approved removal later becomes a different one, it is held again. Name a group by its name or its \
      DN. A running daemon acts at once.

      Examples:
        rollcall release 17 18
        rollcall release --dn "cn=Domain Admins,cn=Users,dc=example,dc=com"
        rollcall release --set 8d3f0a61c2b4e597

      Exit codes: 0 if approved, 1 if a key is not held, if the set has changed, or on an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Keys, or names of groups, to approve.")
  var keys: [String] = []

  @Option(help: ArgumentHelp("Approve the whole set, by the id that rollcall status shows.", valueName: "id"))
  var set: String?

  @Option(help: ArgumentHelp("Approve the entry or group with this DN.", valueName: "DN"))
  var dn: String?

  func validate() throws {
    guard [!keys.isEmpty, set != nil, dn != nil].count(where: { $0 }) == 1 else {
      throw ValidationError("Give one of: keys, --dn DN, --set ID.")
    }
  }

  func run() async throws {
    let (keys, set, dn) = (self.keys, self.set, self.dn)
    try await options.perform(needsDirectory: false) { setting in
      let operatorActions = try OperatorActions(setting.configuration)
      defer { operatorActions.close() }
      let outcome: OperatorActions.Outcome
      if let set {
        outcome = try await operatorActions.release(set: set)
      } else if let dn {
        outcome = try await operatorActions.release(dn: dn)
      } else {
        outcome = try await operatorActions.release(keys.map { RosterKey($0) })
      }
      for key in outcome.unknown {
        Output.error.say("rollcall: \(dn == nil ? "key \(key.shown)" : key.text.printable) is not held")
      }
      let removals = outcome.keys.count - outcome.takeovers
      var parts = [counted(removals, "removal"), counted(outcome.takeovers, "takeover")]
      if outcome.takeovers == 0 { parts.removeLast() } else if removals == 0 { parts.removeFirst() }
      Output.standard.say("\(parts.joined(separator: " and ")) approved")
      return outcome.unknown.isEmpty ? 0 : 1
    }
  }
}
