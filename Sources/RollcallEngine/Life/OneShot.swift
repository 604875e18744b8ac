internal import LDAPModel
internal import Logging
public import Reactor
internal import RollcallCore

/// `rollcall sync`: catches up or reconciles once, then ends.
@Reactor
public final class OneShot {
  private let engine: Engine
  private var trouble: EngineError?

  public init(_ engine: Engine) {
    self.engine = engine
    engine.onTrouble = { [weak self] error in self?.trouble = self?.trouble ?? error }
  }

  /// How a sync ended.
  public struct Outcome: Sendable {
    /// Steps that the directory confirmed; nil when a daemon did the work.
    public var applied: Int?
    /// Keys that are set aside, and removals that wait for a person.
    public var parked: Int
    public var held: Int
  }

  /// Does it here, or asks the daemon that leads and waits for it.
  ///
  /// - Throws: ``EngineError`` when it could not be done completely.
  public func run(full: Bool) async throws(EngineError) -> Outcome {
    try await engine.requireInstalled()
    // Everybody can be compared without triggers; catching up without them would miss what they did not log.
    if !full { try await engine.requireCoverage() }
    let reason: String?
    do throws(EngineError) {
      reason = try await engine.establish()
    } catch .standby {
      try await ask(full ? .full : .look)
      return try await outcome(applied: nil)
    }
    if full, reason == nil { engine.requestReconcile() }
    await engine.settled()
    if let trouble { throw trouble }
    try await engine.prune(force: false)
    let applied = engine.provisioner.appliedSteps
    await engine.drain()
    return try await outcome(applied: applied)
  }

  private func ask(_ kind: LedgerRequest.Kind) async throws(EngineError) {
    engine.logger.notice("a daemon leads this directory; asking it")
    let id = try await engine.ledger.ask(kind)
    while try await !engine.ledger.answer(to: id).isDone {
      guard try await engine.isLed() else {
        throw .refused("the daemon that was asked leads no more; run it again")
      }
      try? await Reactor.sleep(for: .milliseconds(100))
    }
  }

  private func outcome(applied: Int?) async throws(EngineError) -> Outcome {
    let counts = try await engine.ledger.counts()
    return Outcome(applied: applied, parked: counts.parked, held: counts.held)
  }
}
