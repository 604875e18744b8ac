internal import Reactor
internal import RollcallCore
package import RollcallEngine
package import RollcallLedger

extension LedgerRequest.Kind {
  /// Explain one person (``Explainer``).
  package static let explain = LedgerRequest.Kind(rawValue: "explain")
  /// Plan for some people, or for all (``Rehearsal``).
  package static let plan = LedgerRequest.Kind(rawValue: "plan")
  /// Report what an undo would do (``Undoing``).
  package static let undoPlan = LedgerRequest.Kind(rawValue: "undo-plan")
  /// Undo rows of the journal.
  package static let undo = LedgerRequest.Kind(rawValue: "undo")
  /// Explain one person and show both sides, for a web page (`rollcall.ask`).
  package static let person = LedgerRequest.Kind(rawValue: "person")
  /// What `rollcall check` finds, and the daemon's configuration, for a web page (`rollcall.ask`).
  package static let check = LedgerRequest.Kind(rawValue: "check")
  /// What approving a held set would write, for a web page (`rollcall.ask`).
  package static let held = LedgerRequest.Kind(rawValue: "held")
  /// What an operator of a web page wants done (`rollcall.act`).
  package static let act = LedgerRequest.Kind(rawValue: "act")
}

extension Engine {
  /// Lets a daemon with this engine answer commands, so that the shell does not need the directory's password.
  package func answerCommands() {
    answer(.plan) { engine, keys throws(EngineError) -> PlanReport in
      PlanReport(try await Rehearsal(engine, limit: .daemon).run(keys as [RosterKey]))
    }
    answer(.explain) { engine, search throws(EngineError) -> Explanation in
      try await Explainer(engine).explain(search as Explainer.Search)
    }
    answer(.undoPlan) { engine, selection throws(EngineError) -> UndoOutcome in
      try await engine.rehearseUndo(selection as UndoSelection)
    }
    answer(.person) { engine, keys throws(EngineError) -> PersonAnswer in
      guard let key = (keys as [RosterKey]).first else { throw .refused("no key was given") }
      return await Explainer(engine).person(key)
    }
    let checks = CheckDesk(configuration)
    answer(.check) { (_, _: [String]) throws(EngineError) -> CheckAnswer in await checks.answer() }
    answer(.held) { (engine, sets: [String]) throws(EngineError) -> HeldAnswer in
      guard let set = sets.first else { throw .refused("no set is named") }
      return try await HeldAnswer.read(set, engine)
    }
    carryOut(.act, beside: true) { (engine, order: OperatorOrder) throws(EngineError) -> OperatorOutcome in
      try await order.carryOut(engine.configuration)
    }
    carryOut(.undo) { (engine, order: UndoOrder) throws(EngineError) -> UndoOutcome in
      try await engine.undo(order.selection, because: order.because, actor: order.actor)
    }
  }
}
