internal import LDAP
internal import LDAPModel
package import Reactor
internal import RollcallConfiguration
package import RollcallCore
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

  /// The result of a sync.
  package struct Outcome: Sendable {
    /// Steps that the directory confirmed; nil if a daemon did the work.
    package var applied: Int?
    /// The numbers of parked keys, and of removals that wait for a person.
    package var parked: Int
    package var held: Int
    /// The results of the keys that were named.
    package var keys: [KeyOutcome] = []
  }

  /// The requested work.
  package enum Work: Sendable {
    /// Catch up with the log.
    case look
    /// Compare everything.
    case full
    /// Look at these keys, whether they have changed or not.
    case keys([RosterKey])
  }

  /// Has the leading daemon do it; nil if none leads. This needs no password of the directory.
  package func askLeader(_ work: Work) async throws(EngineError) -> Outcome? {
    try await engine.requireInstalled()
    try await engine.ledger.requireRights()
    guard try await LeadingDaemon(engine.ledger).exists() else { return nil }
    return try await ask(work)
  }

  /// Does it here, or asks the leading daemon and waits for it.
  ///
  /// - Throws: ``EngineError`` if it could not be done completely.
  package func run(_ work: Work) async throws(EngineError) -> Outcome {
    engine.warn()
    try await engine.requireInstalled()
    try await engine.ledger.requireRights()
    // A full comparison works without triggers; catching up without them would miss unlogged changes.
    if case .look = work { try await engine.requireCoverage() } else { try await engine.requireReadable() }
    while true {
      do throws(EngineError) {
        return try await lead(work)
      } catch .standby {
        // If the leader has gone before it answered, the work is done here.
        if let outcome = try await ask(work) { return outcome }
      }
    }
  }

  private func lead(_ work: Work) async throws(EngineError) -> Outcome {
    let reason = try await engine.establish()
    await engine.note(.connected(nil))
    if case .full = work, reason == nil { engine.requestReconcile() }
    var isSettled = try await settle(for: work)
    var keys: [KeyOutcome] = []
    if case .keys(let named) = work, isSettled {
      if let found = try await engine.look(at: named) { keys = found } else { isSettled = false }
      // The directory has confirmed the writes for them before this ends.
      if isSettled { isSettled = try await settle(for: work) }
    }
    if case .directory(let error)? = trouble, ErrorClassifier.isReadOnly(error.code, error.diagnostic),
      engine.link.hasChoice
    {
      trouble = nil
      await engine.waitForPasses()
      return try await lead(work)
    }
    if let trouble {
      await engine.note(.paused("\(trouble)"))
      // The next leader need not wait for operations of this one that may still be in flight.
      if case .database = trouble { throw trouble }
      await engine.drain()
      throw trouble
    }
    guard isSettled else { throw .refused("the work was stopped before it was finished") }
    await engine.pruner.prune(force: false)
    let applied = engine.dispatcher.appliedSteps
    await engine.drain()
    return try await outcome(applied: applied, keys)
  }

  /// Waits until everything known has settled, or nothing is left but what waits for a query that fails. Those who are
  /// looked at by their keys need no query.
  private func settle(for work: Work) async throws(EngineError) -> Bool {
    var reason: String?
    let isSettled = try await engine.settle { epoch in
      reason = self.engine.stuck(upTo: epoch)
      return reason != nil
    }
    if isSettled { reason = engine.failingReferences }
    guard let reason else { return isSettled }
    if case .keys = work { return true }
    giveUp(.refused(reason))
    return false
  }

  private func giveUp(_ error: EngineError) {
    trouble = trouble ?? error
    engine.dispatcher.suspend()
  }

  /// Asks the leading daemon and waits for its answer; nil if it no longer leads.
  ///
  /// - Throws: ``EngineError/refused(_:)`` if it cannot do it, or is repeatedly paused.
  private func ask(_ work: Work) async throws(EngineError) -> Outcome? {
    engine.events.emit(.askingLeader)
    let daemon = LeadingDaemon(engine.ledger)
    let reply =
      switch work {
      case .look: try await daemon.order(.look)
      case .full: try await daemon.order(.full)
      case .keys(let keys): try await daemon.order(.keys, try LedgerText.encode(keys))
      }
    switch reply {
    case .done(let answer):
      var keys: [KeyOutcome] = []
      if case .keys = work { keys = try LedgerText.decode(answer) }
      return try await outcome(applied: nil, keys)
    case .cannot(let message): throw .refused("the leading daemon failed: \(message)")
    case .nobody: return nil
    }
  }

  private func outcome(applied: Int?, _ keys: [KeyOutcome]) async throws(EngineError) -> Outcome {
    let counts = try await engine.ledger.counts()
    return Outcome(applied: applied, parked: counts.parked, held: counts.held, keys: keys)
  }
}
