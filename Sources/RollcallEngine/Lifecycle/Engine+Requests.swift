internal import Reactor
internal import RollcallConfiguration
package import RollcallCore
package import RollcallLedger

extension Engine {
  /// Answers the requests that commands have made.
  func answerRequests() {
    pins.answer()
    requests.answer()
  }

  /// Carries out a request.
  func fulfil(_ request: LedgerRequest) async throws(EngineError) -> RequestReply {
    switch request.kind {
    case .look:
      retryKeyQueries()
      return try await settleOrSayWhy()
    case .full:
      // The person wants it now, not at the next scheduled attempt.
      if reconciles.incomplete != nil { reconciles.notBefore = nil }
      requestReconcile()
      retryKeyQueries()
      return try await settleOrSayWhy()
    case .retry:
      try await state.load()
      try await retrier.check()
    case .release:
      try await state.load()
      try await takeUpReleased()
    case .keys:
      do throws(EngineError) {
        guard let outcomes = try await look(at: try LedgerText.decode(request.argument)) else { return .stopped }
        await groupReferences?.settle()
        return .done(try LedgerText.encode(outcomes))
      } catch {
        guard case .refused(let reason) = error else { throw error }
        return .cannot(reason)
      }
    default:
      guard let handler = requests.handlers[request.kind] else { return .stopped }
      return try await handler.answer(request)
    }
    return .done(nil)
  }

  /// The person wants it now, not at the next attempt.
  private func retryKeyQueries() {
    for reader in sweeper?.keyQueries ?? [] { reader.retryNow() }
    groupReferences?.retryNow()
  }

  /// Waits until everything has settled, unless that depends on a comparison that the directory does not let complete, or
  /// on a query of `source.watch` that fails.
  private func settleOrSayWhy() async throws(EngineError) -> RequestReply {
    var reason: String?
    let isSettled = try await settle { epoch in
      reason = self.reconciles.isReading ? nil : self.reconciles.incomplete
      reason = reason ?? self.stuck(upTo: epoch)
      return reason != nil
    }
    if isSettled { return failingReferences.map { .cannot($0) } ?? .done(nil) }
    if let reason, dispatcher.isWorking { return .cannot(reason) }
    return .stopped
  }

  /// Queues the removals that a person has approved.
  func takeUpReleased() async throws(EngineError) {
    try await takeUpReleasedGroups()
    let (removals, takeovers) = (state.released, state.meetings.releasedPeople.sorted())
    if !removals.isEmpty { events.emit(.released(removals, isTakeover: false)) }
    if !takeovers.isEmpty { events.emit(.released(takeovers, isTakeover: true)) }
    let keys = Set(removals + takeovers).sorted()
    if keys.isEmpty { return }
    var released = Origin()
    released.isReleased = true
    for key in keys { dispatcher.add(key, .retry, origin: released) }
    dispatcher.pump()
  }

  /// Reads the log, and waits until everything known by then has settled and the watermark is stored.
  ///
  /// - Parameter givesUp: called with the last epoch that has to settle, while it waits; returns true to stop waiting.
  /// - Returns: false if work stopped before, or if it gave up.
  package func settle(orEndIf givesUp: @Reactor (Epoch) -> Bool = { _ in false }) async throws(EngineError) -> Bool {
    // A read that is already in progress may have begun too early.
    let target = dispatcher.queue.epochs.current + (sweeper?.isLooking == true ? 1 : 0)
    try await sweeper?.look()
    while dispatcher.isWorking, let sweeper {
      sweeper.progress(atOnce: true)
      if sweeper.storedUpTo >= target {
        await groupReferences?.settle()
        return groupReferences == nil || dispatcher.isWorking
      }
      if givesUp(target) { return false }
      try? await Reactor.sleep(for: .milliseconds(10))
    }
    return false
  }

  /// Records the directory's condition for `status`, unless another process leads and records it itself.
  package func note(_ condition: DirectoryCondition) async {
    do throws(EngineError) {
      if try await isLedElsewhere() { return }
      try await ledger.note(condition)
    } catch {
      // Without the database, nobody can ask for the status either.
      events.emit(.failed(.notingTheState, "\(error)"))
    }
  }

  /// Whether another process leads.
  func isLedElsewhere() async throws(EngineError) -> Bool {
    if leader.isLeading { return false }
    guard let subject = try await ledger.record()?.subject else { return false }
    return try await Leader.exists(for: configuration.name, subject: subject, ledger.database)
  }

  /// Stops work, and waits until no pass is running.
  package func waitForPasses() async {
    dispatcher.suspend()
    // Each operation in flight has a deadline of its own.
    while dispatcher.passesRunning > 0 { try? await Reactor.sleep(for: .milliseconds(5)) }
  }

  /// Completes what is in flight and stores the watermark; starts nothing new.
  package func drain() async {
    dispatcher.suspend()
    let deadline = ContinuousClock.now + configuration.directory.timeout
    while dispatcher.passesRunning > 0, ContinuousClock.now < deadline {
      try? await Reactor.sleep(for: .milliseconds(5))
    }
    await endGroupReferences(by: deadline)
    if dispatcher.passesRunning == 0, leader.isLeading { await servers.end() }
    sweeper?.progress(atOnce: true)
    while sweeper?.isStoring == true, ContinuousClock.now < deadline {
      try? await Reactor.sleep(for: .milliseconds(5))
    }
    await problems.flush()
    await storeOnce()
    if leader.isLeading { try? await pins.answerOwed() }
    // An orderly end is recorded only if no operation is in flight or has an unknown outcome.
    if let leadingSince, dispatcher.passesRunning == 0, !unknown.isOpen {
      try? await ledger.noteEnd(ofTermSince: leadingSince)
    }
  }
}
