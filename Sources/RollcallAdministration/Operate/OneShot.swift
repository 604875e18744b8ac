internal import LDAP
internal import LDAPModel
package import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallEngine
package import RollcallLedger

/// `rollcall sync`: catches up or reconciles once, then ends.
@Reactor
package final class OneShot {
  private let engine: Engine
  private var trouble: EngineError?

  package init(_ engine: Engine) {
    self.engine = engine
    engine.onTrouble = { [weak self] error in self?.trouble = self?.trouble ?? error }
    engine.onIncomplete = { [weak self] error in self?.giveUp(error) }
    engine.dispatcher.onBreaker = { [weak self] problem in
      if let problem { self?.giveUp(.refused("the directory refuses one key after another: \(problem)")) }
    }
  }

  /// How a sync ended.
  package struct Outcome: Sendable {
    /// Steps that the directory confirmed; nil when a daemon did the work.
    package var applied: Int?
    /// Keys that are set aside, and removals that wait for a person.
    package var parked: Int
    package var held: Int
  }

  /// Does it here, or asks the daemon that leads and waits for it.
  ///
  /// - Throws: ``EngineError`` when it could not be done completely.
  package func run(full: Bool) async throws(EngineError) -> Outcome {
    engine.warn()
    try await engine.requireInstalled()
    try await engine.ledger.requireRights()
    // Everybody can be compared without triggers; catching up without them would miss what they did not log.
    if full { try await engine.requireReadable() } else { try await engine.requireCoverage() }
    while true {
      do throws(EngineError) {
        return try await lead(full: full)
      } catch .standby {
        // Where the leader goes before it has answered, it is done here.
        if try await ask(full ? .full : .look) { return try await outcome(applied: nil) }
      }
    }
  }

  private func lead(full: Bool) async throws(EngineError) -> Outcome {
    let reason = try await engine.establish()
    await engine.note(.connected(nil))
    if full, reason == nil { engine.requestReconcile() }
    let isSettled = try await engine.settle()
    if case .directory(let error)? = trouble, ErrorClassifier.isReadOnly(error.code, error.diagnostic),
      engine.link.hasChoice
    {
      trouble = nil
      await engine.waitForPasses()
      return try await lead(full: full)
    }
    if let trouble {
      await engine.note(.paused("\(trouble)"))
      // Whoever leads next need not wait for what this one may have had on its way.
      if case .database = trouble { throw trouble }
      await engine.drain()
      throw trouble
    }
    guard isSettled else { throw .refused("the work was stopped before it was done") }
    await engine.prune(force: false)
    let applied = engine.dispatcher.appliedSteps
    await engine.drain()
    return try await outcome(applied: applied)
  }

  private func giveUp(_ error: EngineError) {
    trouble = trouble ?? error
    engine.dispatcher.suspend()
  }

  /// Asks the daemon that leads and waits for its answer; false when it leads no more.
  ///
  /// - Throws: ``EngineError/refused(_:)`` when it says that it cannot, or when it is paused again and again.
  private func ask(_ kind: LedgerRequest.Kind) async throws(EngineError) -> Bool {
    engine.events.emit(.askingLeader)
    let id = try await engine.ledger.ask(kind)
    var pausedSince: ContinuousClock.Instant?
    var connectedSince: ContinuousClock.Instant?
    var reason: String?
    while true {
      let answer = try await engine.ledger.answer(to: id)
      if answer.isDone {
        if let message = answer.message { throw .refused("the leading daemon failed: \(message)") }
        return true
      }
      if answer.isIgnored {
        throw .refused("the leader, \(try await engine.ledger.record()?.leader ?? "?"), does not answer")
      }
      guard let record = try await engine.ledger.record(), let subject = record.subject,
        try await Leader.exists(for: engine.configuration.name, subject: subject, engine.database)
      else { return false }
      let now = ContinuousClock.now
      if record.condition.state == "connected" {
        connectedSince = connectedSince ?? now
        // One that comes back for a moment each time has not come back.
        if let since = connectedSince, now - since > OneShot.calm { pausedSince = nil }
      } else {
        connectedSince = nil
        pausedSince = pausedSince ?? now
        reason = "\(record.condition.state): \(record.condition.reason ?? "no reason given")"
      }
      if let since = pausedSince, let reason, now - since > OneShot.patience {
        throw .refused("the leading daemon is \(reason)")
      }
      try? await Reactor.sleep(for: .milliseconds(100))
    }
  }

  /// How long a daemon that is paused is waited for.
  private static let patience: Duration = .seconds(30)
  /// How long it has to stay connected to count as not paused.
  private static let calm: Duration = .seconds(10)

  private func outcome(applied: Int?) async throws(EngineError) -> Outcome {
    let counts = try await engine.ledger.counts()
    return Outcome(applied: applied, parked: counts.parked, held: counts.held)
  }
}
