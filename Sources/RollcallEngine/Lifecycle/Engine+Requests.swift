internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

extension Engine {
  /// Looks at what commands have asked for, and answers.
  func answerRequests() {
    pins.answer()
    requests.answer()
  }

  /// Does what was asked for.
  func fulfil(_ request: LedgerRequest) async throws(EngineError) -> RequestReply {
    switch request.kind {
    case .look: return try await settleOrSayWhy()
    case .full:
      // Who asks wants it now, and not when it is tried again by itself.
      if reconciles.incomplete != nil { reconciles.notBefore = nil }
      requestReconcile()
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

  /// Settles, unless that waits for a comparison which the directory does not let come to its end.
  private func settleOrSayWhy() async throws(EngineError) -> RequestReply {
    let isSettled = try await settle { self.reconciles.incomplete != nil && !self.reconciles.isReading }
    if isSettled { return .done(nil) }
    if let reason = reconciles.incomplete, dispatcher.isWorking { return .cannot(reason) }
    return .stopped
  }

  /// Hands in the removals that a person has approved.
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

  /// Looks at the log and waits until all that is known of by then has settled and is stored; false when work has
  /// stopped before.
  ///
  /// - Parameter givesUp: asked while it waits; true ends the waiting.
  package func settle(orEndIf givesUp: @Reactor () -> Bool = { false }) async throws(EngineError) -> Bool {
    // A look that is under way already has begun too early.
    let target = dispatcher.queue.epochs.current + (sweeper?.isLooking == true ? 1 : 0)
    try await sweeper?.look()
    while dispatcher.isWorking, let sweeper {
      sweeper.progress(atOnce: true)
      if sweeper.storedUpTo >= target { return true }
      if givesUp() { return false }
      try? await Reactor.sleep(for: .milliseconds(10))
    }
    return false
  }

  /// Says for `status` how the directory is, unless another process leads, which knows better.
  package func note(_ condition: DirectoryCondition) async {
    do throws(EngineError) {
      if try await isLedElsewhere() { return }
      try await ledger.note(condition)
    } catch {
      // Whoever asks for the status cannot reach the database either.
      events.emit(.failed(.notingTheState, "\(error)"))
    }
  }

  /// Whether another process leads.
  func isLedElsewhere() async throws(EngineError) -> Bool {
    if leader.isLeading { return false }
    guard let subject = try await ledger.record()?.subject else { return false }
    return try await Leader.exists(for: configuration.name, subject: subject, ledger.database)
  }

  /// Waits until no pass is under way, after work has stopped.
  package func waitForPasses() async {
    dispatcher.suspend()
    // Each operation under way has a deadline of its own.
    while dispatcher.passesRunning > 0 { try? await Reactor.sleep(for: .milliseconds(5)) }
  }

  /// Finishes what is in flight and stores the watermark; takes up nothing new.
  package func drain() async {
    dispatcher.suspend()
    let deadline = ContinuousClock.now + configuration.directory.timeout
    while dispatcher.passesRunning > 0, ContinuousClock.now < deadline {
      try? await Reactor.sleep(for: .milliseconds(5))
    }
    if dispatcher.passesRunning == 0, leader.isLeading { await servers.end() }
    sweeper?.progress(atOnce: true)
    while sweeper?.isStoring == true, ContinuousClock.now < deadline {
      try? await Reactor.sleep(for: .milliseconds(5))
    }
    await problems.flush()
    await storeOnce()
    if leader.isLeading { try? await pins.answerOwed() }
    // Only who has nothing on its way says that it has ended in order.
    if let leadingSince, dispatcher.passesRunning == 0, !unknown.isOpen {
      try? await ledger.noteEnd(ofTermSince: leadingSince)
    }
  }
}
