internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

extension Engine {
  /// Looks at what commands have asked for, and answers: what changes something one after the other, and questions
  /// beside that.
  func answerRequests() {
    answerPinRequests()
    if !isAnswering {
      isAnswering = true
      Reactor.task {
        do throws(EngineError) {
          while self.dispatcher.isWorking, let request = try await self.ledger.requests().first(where: self.isWork) {
            try await self.ledger.noteStart(of: request)
            if try await self.answer(request, with: self.fulfil(request)) { break }
          }
        } catch {
          self.trouble(error)
        }
        self.isAnswering = false
      }
    }
    Reactor.task { await self.answerQuestions() }
  }

  /// How many questions are answered at once: each has connections of its own.
  private static let mostQuestions = 2

  /// What fails here says nothing about the work: whoever asked is told, or notices that nobody answers.
  private func answerQuestions() async {
    guard leader.isLeading, (try? await ledger.dropOldAnswers()) != nil, let open = try? await ledger.requests() else {
      return
    }
    for request in open where !isWork(request) && !questions.contains(request.id) {
      if questions.count >= Engine.mostQuestions { return }
      questions.insert(request.id)
      Reactor.task {
        let isAnswered = (try? await self.answer(question: request)) ?? false
        self.questions.remove(request.id)
        if isAnswered { self.answerRequests() }
      }
    }
  }

  /// - Returns: false where there is no answer, because work has stopped.
  private func answer(question: LedgerRequest) async throws(EngineError) -> Bool {
    try await ledger.noteStart(of: question)
    guard let handler = handlers[question.kind] else {
      try await ledger.answer(
        question,
        message: "it does not know the request \"\(question.kind.rawValue)\"; is it of the same version as this "
          + "program? Restart it after an upgrade")
      return true
    }
    let reply: RequestReply
    do throws(EngineError) { reply = try await handler.answer(question) } catch { reply = .cannot("\(error)") }
    return try await !answer(question, with: reply)
  }

  /// What nobody knows counts as a question, so that it is refused at once.
  private func isWork(_ request: LedgerRequest) -> Bool {
    Engine.work.contains(request.kind) || handlers[request.kind]?.isQuestion == false
  }

  /// Writes the answer down; true where there is none, because work has stopped.
  private func answer(_ request: LedgerRequest, with reply: RequestReply) async throws(EngineError) -> Bool {
    switch reply {
    case .done(let answer): try await ledger.answer(request, message: nil, answer)
    case .cannot(let reason): try await ledger.answer(request, message: reason)
    case .stopped: return true
    }
    return false
  }

  private static let work: Set<LedgerRequest.Kind> = [.look, .full, .retry, .release, .keys]

  /// Does what was asked for.
  private func fulfil(_ request: LedgerRequest) async throws(EngineError) -> RequestReply {
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
      guard let handler = handlers[request.kind] else { return .stopped }
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
    if leader.isLeading { try? await answerOwedPins() }
    // Only who has nothing on its way says that it has ended in order.
    if let leadingSince, dispatcher.passesRunning == 0, !unknown.isOpen {
      try? await ledger.noteEnd(ofTermSince: leadingSince)
    }
  }
}
