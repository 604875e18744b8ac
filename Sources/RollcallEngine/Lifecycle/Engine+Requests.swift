internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

extension Engine {
  /// Looks at what commands have asked for, and answers; one after the other.
  func answerRequests() {
    if isAnswering { return }
    isAnswering = true
    Reactor.task {
      do throws(EngineError) {
        requests: while self.dispatcher.isWorking, let request = try await self.ledger.requests().first {
          try await self.ledger.noteStart(of: request)
          switch try await self.fulfil(request) {
          case .done: try await self.ledger.answer(request, message: nil)
          case .cannot(let reason): try await self.ledger.answer(request, message: reason)
          case .stopped: break requests
          }
        }
      } catch {
        self.trouble(error)
      }
      self.isAnswering = false
    }
  }

  /// How a request ended.
  private enum Answer {
    case done
    /// It cannot be done, for this reason; whoever asks again is told the same until that has changed.
    case cannot(String)
    /// Work has stopped before it was done.
    case stopped
  }

  /// Does what was asked for.
  private func fulfil(_ request: LedgerRequest) async throws(EngineError) -> Answer {
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
    }
    return .done
  }

  /// Settles, unless that waits for a comparison which the directory does not let come to its end.
  private func settleOrSayWhy() async throws(EngineError) -> Answer {
    let isSettled = try await settle { self.reconciles.incomplete != nil && !self.reconciles.isReading }
    if isSettled { return .done }
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
    for key in keys { dispatcher.add(key, .retry) }
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
    // Only who has nothing on its way says that it has ended in order.
    if let leadingSince, dispatcher.passesRunning == 0, !unknown.isOpen {
      try? await ledger.noteEnd(ofTermSince: leadingSince)
    }
  }
}
