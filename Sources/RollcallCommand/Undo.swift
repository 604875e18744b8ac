internal import ArgumentParser
internal import LDAPModel
internal import PlainText
internal import RollcallAdministration
internal import RollcallEngine
internal import RollcallLedger

struct Undo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Undoes changes that the journal recorded.",
    discussion: """
      Prints the inverse of rows of the journal as LDIF, newest first, and says why a part cannot be undone: the entry \
      was replaced, an attribute has changed since, a name is taken, a value is not kept. A deleted person comes back \
      with all attributes and memberships that the journal has; disabled if the password is lost.

      With --apply it applies them. The people are pinned first, until their rows change: a correction of the table is \
      then applied automatically, and until then the mistake is not repeated. If a daemon leads the directory, it does \
      the work, and no password of the directory is needed.

      Examples:
        rollcall history 17
        rollcall undo 4711
        rollcall undo --xid 123456 --apply --because "wrong file imported"

      Exit codes: 0 if all of it can be undone, or has been; 2 if a part of it; 1 if nothing, or on an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Rows of the journal, by the ids that rollcall history shows.")
  var ids: [Int] = []

  @Option(help: ArgumentHelp("All changes that this transaction of the table caused.", valueName: "xid"))
  var xid: UInt64?

  @Flag(help: "Apply the inverse, and pin the people.")
  var apply = false

  @Option(help: ArgumentHelp("The reason, for the journal. Required with --apply.", valueName: "text"))
  var because: String?

  func validate() throws {
    if ids.isEmpty == (xid == nil) { throw ValidationError("Give either the ids of rows or --xid XID.") }
    let reason = because?.filter { !$0.isWhitespace } ?? ""
    if apply, reason.isEmpty { throw ValidationError("--apply needs --because TEXT: say why.") }
    if !apply, because != nil { throw ValidationError("--because is for --apply.") }
  }

  func run() async throws {
    let selection = UndoSelection(ids: ids, xid: xid)
    let because = apply ? self.because : nil
    try await options.perform(needsDirectory: false) { setting in
      setting.warn()
      let asking = try Engine(setting.configuration, logger: setting.logger)
      defer { asking.close() }
      var outcome =
        if let because {
          try await Undoing(asking).orderLeader(selection, because: because)
        } else {
          try await Undoing(asking).askLeader(selection)
        }
      if outcome == nil {
        let engine = try Engine(try setting.whole(), logger: setting.logger)
        defer { engine.close() }
        outcome =
          if let because {
            try await Undoing(engine).run(selection, because: because)
          } else {
            try await Undoing(engine).plan(selection)
          }
      }
      guard let outcome else { return 1 }
      try Output.standard.write(UndoPage.text(outcome))
      Output.error.say(UndoPage.summary(outcome))
      return outcome.isWhole ? 0 : outcome.isPartly ? 2 : 1
    }
  }
}

/// Formats an undo: LDIF with comments.
enum UndoPage {
  static func text(_ outcome: UndoOutcome) -> String {
    outcome.parts.map { part in
      var text = LDIF.comment("row \(part.row), key \(part.key): \(words(part.state))".printable)
      for refusal in part.refusals { text += LDIF.comment("cannot: \(refusal)".printable) }
      for note in part.notes { text += LDIF.comment("note: \(note)".printable) }
      return text + (part.state == .refused ? "\n" : part.ldif ?? "\n")
    }.joined()
  }

  private static func words(_ state: UndoOutcome.State) -> String {
    switch state {
    case .possible: "can be taken back"
    case .impossible: "cannot be taken back"
    case .done: "taken back"
    case .refused: "not taken back"
    }
  }

  static func summary(_ outcome: UndoOutcome) -> String {
    if outcome.parts.isEmpty { return "the journal has no such row" }
    let (done, possible) = (count(.done, outcome), count(.possible, outcome))
    let rest = outcome.parts.count - done - possible
    var parts = done > 0 ? ["\(done) taken back"] : []
    if possible > 0 || done == 0 { parts.append("\(possible) can be taken back; --apply does it") }
    if rest > 0 { parts.append("\(rest) cannot") }
    return parts.joined(separator: ", ")
  }

  private static func count(_ state: UndoOutcome.State, _ outcome: UndoOutcome) -> Int {
    outcome.parts.count { $0.state == state }
  }
}
