package import Reactor
internal import RollcallConfiguration
package import RollcallEngine
package import RollcallLedger

/// What a person wants taken back, and why.
struct UndoOrder: Codable, Sendable {
  var selection: UndoSelection
  var because: String
  var actor: String
}

/// `rollcall undo`: takes back what the journal tells; by the daemon that leads, or itself where none does.
@Reactor
package struct Undoing {
  private let engine: Engine

  package init(_ engine: Engine) { self.engine = engine }

  /// Asks the daemon that leads what an undo would do; nil where none leads.
  package func askLeader(_ selection: UndoSelection) async throws(EngineError) -> UndoOutcome? {
    try await engine.requireInstalled()
    let asked: Asked<UndoOutcome> = try await LeadingDaemon(engine.ledger).ask(
      .undoPlan, about: selection, engine.configuration, patience: .seconds(60))
    switch asked {
    case .answer(let outcome): return outcome
    case .nobody, .otherConfiguration: return nil
    }
  }

  /// Has the daemon that leads do it; nil where none leads.
  package func orderLeader(_ selection: UndoSelection, because: String) async throws(EngineError) -> UndoOutcome? {
    try await engine.requireInstalled()
    let order = UndoOrder(selection: selection, because: because, actor: try await engine.ledger.actor())
    return try await LeadingDaemon(engine.ledger).order(.undo, order, engine.configuration)
  }

  /// Says what an undo would do.
  package func plan(_ selection: UndoSelection) async throws(EngineError) -> UndoOutcome {
    try await engine.rehearseUndo(selection)
  }

  /// Does it as the leader, which catches up with the log first.
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
    guard try await engine.settle() else { throw trouble ?? .refused("the work was stopped before it was done") }
    let outcome = try await engine.undo(selection, because: because, actor: try await engine.ledger.actor())
    _ = try await engine.settle()
    await engine.drain()
    return outcome
  }
}
