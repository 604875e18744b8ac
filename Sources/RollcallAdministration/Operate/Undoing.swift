package import Reactor
internal import RollcallConfiguration
package import RollcallEngine
package import RollcallLedger

/// The changes that a person wants undone, and why.
struct UndoOrder: Codable, Sendable {
  var selection: UndoSelection
  var because: String
  var actor: String
}

/// `rollcall undo`: undoes changes of the journal, through the leading daemon or itself if none leads.
@Reactor
package struct Undoing {
  private let engine: Engine

  package init(_ engine: Engine) { self.engine = engine }

  /// Asks the leading daemon what an undo would do; nil if none leads.
  package func askLeader(_ selection: UndoSelection) async throws(EngineError) -> UndoOutcome? {
    try await engine.requireInstalled()
    let asked: Asked<UndoOutcome> = try await LeadingDaemon(engine.ledger).ask(
      .undoPlan, about: selection, engine.configuration, patience: .seconds(60))
    switch asked {
    case .answer(let outcome): return outcome
    case .nobody, .otherConfiguration: return nil
    }
  }

  /// Has the leading daemon do it; nil if none leads.
  package func orderLeader(_ selection: UndoSelection, because: String) async throws(EngineError) -> UndoOutcome? {
    try await engine.requireInstalled()
    let order = UndoOrder(selection: selection, because: because, actor: try await engine.ledger.actor())
    return try await LeadingDaemon(engine.ledger).order(.undo, order, engine.configuration)
  }

  /// Reports what an undo would do.
  package func plan(_ selection: UndoSelection) async throws(EngineError) -> UndoOutcome {
    try await engine.rehearseUndo(selection)
  }

  /// Does it as the leader, after catching up with the log.
  package func run(_ selection: UndoSelection, because: String) async throws(EngineError) -> UndoOutcome {
    try await engine.ledger.requireRights()
    var trouble: EngineError?
    engine.onTrouble = { trouble = trouble ?? $0 }
    while true {
      do throws(EngineError) {
        try await engine.establish()
        await engine.note(.connected(nil))
        break
      } catch .standby {
        if let outcome = try await orderLeader(selection, because: because) { return outcome }
      }
    }
    var stuck: String?
    let isSettled = try await engine.settle { epoch in
      stuck = engine.stuck(upTo: epoch)
      return stuck != nil
    }
    guard isSettled else {
      throw trouble ?? .refused(stuck ?? "the work was stopped before it was finished")
    }
    let outcome = try await engine.undo(selection, because: because, actor: try await engine.ledger.actor())
    _ = try await engine.settle { engine.stuck(upTo: $0) != nil }
    await engine.drain()
    return outcome
  }
}
