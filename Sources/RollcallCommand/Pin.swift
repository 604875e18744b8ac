internal import ArgumentParser
internal import PlainText
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallEngine

struct Pin: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stops writing for people until they are unpinned.",
    discussion: """
      Nothing is written for a pinned key: its entry stays as it is, its memberships included, whatever its row says. \
      Other people are not affected. A person who needs the name of a pinned person waits. rollcall status and rollcall \
      plan show who is pinned, by whom and why. A key without a row or an entry can be pinned, too. To change the reason \
      or the time, pin the key again.

      If a daemon leads, the command returns when the daemon has confirmed it: from then on nothing is written.

      Examples:
        rollcall pin 17 --because "her mailbox is being moved"
        rollcall pin 17 18 --because "legal hold" --until 2026-12-24
        rollcall pin 17 --because "INC-4711" --until 8h

      Exit codes: 0 on success, 1 on an error, or if the leading daemon has not confirmed it within 30 seconds.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Keys to pin.")
  var keys: [String]

  @Option(help: ArgumentHelp("The reason, for status, plan and the journal.", valueName: "text"))
  var because: String

  @Option(
    help: ArgumentHelp(
      "End of the pin: a date, a time (in UTC unless it names a zone), or a length of time such as 8h. Default: none.",
      valueName: "time"))
  var until: String?

  func validate() throws {
    guard because.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
      throw ValidationError("--because needs a reason.")
    }
  }

  func run() async throws {
    let (keys, because, until) = (self.keys.map { RosterKey($0) }, self.because, self.until)
    try await options.perform(needsDirectory: false) { setting in
      let actions = try PinActions(setting.configuration)
      defer { actions.close() }
      let confirmation = try await actions.pin(keys, because: because, until: until)
      Output.standard.say("\(counted(Set(keys).count, "key")) pinned")
      return confirmation.tell("nothing is written for it from the next start on")
    }
  }
}

struct Unpin: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Resumes writing for pinned people.",
    discussion: """
      The keys are checked again and their rows are applied; removals are within the removal budget. If a \
      daemon leads, the command returns when that is done.

      Example:
        rollcall unpin 17 18

      Exit codes: 0 on success, 1 if a key is not pinned, on an error, or if the leading daemon has not brought them in \
      step within 30 seconds.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Pinned keys.")
  var keys: [String]

  func run() async throws {
    let keys = self.keys.map { RosterKey($0) }
    try await options.perform(needsDirectory: false) { setting in
      let actions = try PinActions(setting.configuration)
      defer { actions.close() }
      let (ended, confirmation) = try await actions.unpin(keys)
      let unknown = Set(keys).subtracting(ended).sorted()
      for key in unknown { Output.error.say("rollcall: key \(key.shown) is not pinned") }
      Output.standard.say("\(counted(ended.count, "key")) unpinned")
      let code = confirmation.tell("what has changed is written at the next start, or by rollcall sync")
      return unknown.isEmpty ? code : 1
    }
  }
}

extension PinActions.Confirmation {
  /// Prints what is still pending, and returns the exit code.
  ///
  /// - Parameter later: what happens if no daemon leads.
  fileprivate func tell(_ later: String) -> Int32 {
    switch self {
    case .done: return 0
    case .nobodyLeads:
      Output.error.say("rollcall: no daemon leads this directory: \(later)")
      return 0
    case .notYet(let state):
      Output.error.say(
        "rollcall: the leading daemon has not confirmed it yet: \(state.printable); it will before it writes again")
      return 1
    }
  }
}
