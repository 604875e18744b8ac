internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

extension Rehearsal {
  /// Drops from a plan the removals that the removal guard would hold.
  func foretellHolds(
    _ subjects: inout [Subject], _ occupants: [Occupant], _ stateReader: StateReader, _ result: inout Result
  ) async throws(EngineError) {
    guard let reason = try await refusal(of: result.plan.removals, .people, stateReader) else { return }
    let keys = Set(result.plan.removals.filter(isNew).map(\.key))
    for index in subjects.indices where keys.contains(subjects[index].key) { subjects[index].removalHeld = true }
    for key in keys { result.foretold[key] = reason.explanation }
    result.plan = stateReader.planner.plan(subjects, occupants: occupants)
  }

  /// Those of these people who keep their groups: their leaving is held, or would be.
  func withheld(
    _ leaves: [Removal], _ stateReader: StateReader, _ result: inout Result
  ) async throws(EngineError) -> Set<RosterKey> {
    if isApproved { return [] }
    let reason = try await refusal(of: leaves, .memberships, stateReader)
    let kept = leaves.filter { leave in
      if let hold = engine.state.held(leave.key, .memberships) { return !hold.isApproved }
      return reason != nil
    }
    result.held += kept
    for leave in kept where isNew(leave) { result.foretold[leave.key] = reason?.explanation }
    return Set(kept.map(\.key))
  }

  func isPinned(_ key: RosterKey) -> Bool { key != unpinned && engine.state.pins.contains(key) }

  /// The pinned keys of a plan. Their groups are not read, so these may differ.
  func pinned(_ plan: Plan) -> [RosterKey: (pin: Pin, isWaiting: Bool)] {
    var found: [RosterKey: (pin: Pin, isWaiting: Bool)] = [:]
    for (key, isWaiting) in plan.pinned {
      if let pin = engine.state.pins[key] { found[key] = (pin, isWaiting) }
    }
    return found
  }

  /// Whether it is not held, or has been released.
  private func isNew(_ removal: Removal) -> Bool {
    guard let hold = engine.state.held(removal.key, removal.action.kind) else { return true }
    return hold.action != removal.action
  }

  private func refusal(
    of removals: [Removal], _ kind: RemovalKind, _ stateReader: StateReader
  ) async throws(EngineError) -> RemovalBudget.Reason? {
    let new = isApproved ? [] : removals.filter(isNew)
    if new.isEmpty { return nil }
    let (engine, keeper) = (self.engine, keeper)
    engine.removalGuard.count = { kind, limit throws(EngineError) in
      if kind == .memberships { return try await keeper?.countMembers(upTo: limit, .reading) ?? 0 }
      return try await engine.countManaged(upTo: limit, stateReader, lane: .reading)
    }
    let fingerprint = try await engine.fingerprint(of: stateReader)
    let holding = engine.holding(try await engine.ledger.record(), of: stateReader, fingerprint)
    return try await engine.removalGuard.refusal(of: new, kind, holding, isForecast: true)
  }
}
