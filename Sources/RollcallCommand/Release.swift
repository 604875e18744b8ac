internal import ArgumentParser
internal import PlainText
internal import RollcallCore
internal import RollcallEngine

struct Release: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Approves removals and takeovers that are held.",
    discussion: """
      Removals past the budget wait for a person, and so does the first change of an entry or a group that Rollcall did \
      not make (a takeover); rollcall status names them and the set that they make. This approves exactly those named, or \
      exactly the set that was looked at: where it has changed since, nothing is released. A removal that turns into \
      another one afterwards is held anew. A group is named by its name or DN. A running daemon acts at once.

      Examples:
        rollcall release 17 18
        rollcall release --dn "cn=Domain Admins,cn=Users,dc=example,dc=com"
        rollcall release --set 8d3f0a61c2b4e597

      Exit codes: 0 approved, 1 a key is not held, the set has changed, or an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Keys, or names of groups, of which what is held is approved.")
  var keys: [String] = []

  @Option(help: ArgumentHelp("The set of all that is held as rollcall status showed it.", valueName: "id"))
  var set: String?

  @Option(help: ArgumentHelp("The entry or group of which what is held is approved.", valueName: "DN"))
  var dn: String?

  func validate() throws {
    guard [!keys.isEmpty, set != nil, dn != nil].count(where: { $0 }) == 1 else {
      throw ValidationError("Name keys, or --dn DN, or --set ID; one of them.")
    }
  }

  func run() async throws {
    let (keys, set, dn) = (self.keys, self.set, self.dn)
    try await options.perform(needsDirectory: false) { setting in
      let intervention = try Intervention(setting.configuration)
      defer { intervention.close() }
      let outcome: Intervention.Outcome
      if let set {
        outcome = try await intervention.release(set: set)
      } else if let dn {
        outcome = try await intervention.release(dn: dn)
      } else {
        outcome = try await intervention.release(keys.map { RosterKey($0) })
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
