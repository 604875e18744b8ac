internal import LDAPModel
internal import Reactor
package import RollcallCore
package import RollcallLedger

/// The result for a key that was processed on request.
package struct KeyOutcome: Codable, Sendable, Equatable {
  package var key: RosterKey
  /// The steps that were written, in order, in the terms that `plan` uses.
  package var written: [String] = []
  /// Why the key is parked.
  package var parked: String?
  /// What is held for the key: `delete`, `disable`, `leave` or `takeover`.
  package var held: [String] = []
  /// Why the key is pinned.
  package var pinned: String?

  /// Whether it needs a person's attention.
  package var isOpen: Bool { parked != nil || !held.isEmpty }
}

extension Engine {
  /// How long the directory may refuse every key before ``look(at:)`` gives up.
  private static let patience: Duration = .seconds(10)

  /// Processes these keys now, ahead of everything that is not urgent, and waits for their results.
  ///
  /// Their removals are decided together.
  /// - Returns: the result for each key, in the given order; nil if work stopped before.
  /// - Throws: ``EngineError/refused(_:)`` if the directory refuses key after key.
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
