internal import LDAPModel
internal import Reactor
package import RollcallCore
package import RollcallLedger

/// What became of a key that was looked at because somebody asked for it.
package struct KeyOutcome: Codable, Sendable, Equatable {
  package var key: RosterKey
  /// What was written, in order, in the words of `plan`.
  package var written: [String] = []
  /// Why it is parked.
  package var parked: String?
  /// What is held of it: `delete`, `disable`, `leave` or `takeover`.
  package var held: [String] = []
  /// Why it is pinned.
  package var pinned: String?

  /// Whether a person has to do something.
  package var isOpen: Bool { parked != nil || !held.isEmpty }
}

extension Engine {
  /// How long a directory may refuse everything before nobody waits for it.
  private static let patience: Duration = .seconds(10)

  /// Looks at these keys now, before all that is not urgent, and waits until each has ended.
  ///
  /// Removals among them are decided together.
  /// - Returns: what became of each, in their order; nil where work has stopped before.
  /// - Throws: ``EngineError/refused(_:)`` where the directory refuses whatever is tried.
  package func look(at keys: [RosterKey]) async throws(EngineError) -> [KeyOutcome]? {
    var found: [RosterKey: KeyOutcome] = [:]
    for key in keys { found[key] = KeyOutcome(key: key) }
    let listener = events.subscribe { event in
      switch event {
      case .applied(let step, _, _): found[step.key]?.written.append(step.what.rawValue)
      case .parked(let key, let problem, _): found[key]?.parked = problem.message
      default: break
      }
    }
    defer { events.unsubscribe(listener) }
    let batch = dispatcher.addTogether(Array(found.keys), .retry)
    dispatcher.pump()
    var refusedSince: ContinuousClock.Instant?
    while keys.contains(where: dispatcher.queue.contains) || batch.map(dispatcher.isOpen) == true {
      guard dispatcher.isWorking else { return nil }
      refusedSince = dispatcher.breaker.isOpen ? refusedSince ?? .now : nil
      if let since = refusedSince, .now - since > Engine.patience {
        throw .refused("the directory refuses one key after another: \(refusal?.message ?? "no reason given")")
      }
      try? await Reactor.sleep(for: .milliseconds(5))
    }
    return keys.map { key in
      var outcome = found[key] ?? KeyOutcome(key: key)
      outcome.pinned = state.pins[key]?.because
      if state.parked[key] == nil { outcome.parked = nil }
      for kind in RemovalKind.allCases {
        if let hold = state.held(key, kind), !hold.isApproved { outcome.held.append(hold.action.rawValue) }
      }
      if state.meetings.heldPeople.contains(key) { outcome.held.append(Takeover.action) }
      return outcome
    }
  }
}
