internal import Reactor
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

/// What approving a held set would write now.
package struct HeldAnswer: Codable, Sendable {
  /// Change records, with what the planner puts before and after them; empty where there is nothing left to do.
  package var ldif: String
  /// Takeovers among them, whose entries are looked at again when they are approved.
  package var takeovers: Int

  /// - Throws: ``EngineError/refused(_:)`` if something else is held by now.
  @Reactor
  static func read(_ id: String, _ engine: Engine) async throws(EngineError) -> HeldAnswer {
    let set = try await engine.ledger.heldSet()
    guard set.id == id else { throw .refused("the held set has changed; load the page again") }
    let people = set.removals.filter { $0.action != Takeover.action }
    var ldif = ""
    if !people.isEmpty {
      let rehearsal = Rehearsal(engine, limit: .daemon, asIfApproved: true)
      let report = PlanReport(try await rehearsal.run(people.map(\.key)))
      ldif = report.operations.map(\.ldif).joined()
    }
    return HeldAnswer(ldif: ldif, takeovers: set.removals.count - people.count)
  }
}
