internal import Logging
internal import Reactor
internal import RollcallCore

extension Engine {
  /// Looks at what commands have asked for, and answers.
  func answerRequests() async throws(EngineError) {
    for request in try await ledger.requests() {
      switch request.kind {
      case .look:
        try await sweeper?.look()
        await provisioner.quiet()
      case .full:
        requestReconcile()
        await settled()
      case .retry:
        try await state.load()
        try await retrier.check()
      case .release:
        try await state.load()
        takeUpReleased()
      }
      guard provisioner.isWorking else { return }
      try await ledger.answer(request, message: nil)
    }
  }

  /// Hands in the removals that a person has approved.
  func takeUpReleased() {
    for (key, hold) in state.held where hold.isApproved { provisioner.add(key, .retry) }
    provisioner.pump()
  }

  /// Waits until everything that is known of has settled and is stored, or work has stopped.
  func settled() async {
    while provisioner.isWorking, !isSettled {
      await provisioner.quiet()
      try? await Reactor.sleep(for: .milliseconds(5))
    }
  }

  /// Waits until no pass is under way, after work has stopped.
  func settleDown() async {
    provisioner.suspend()
    while provisioner.passesRunning > 0 { try? await Reactor.sleep(for: .milliseconds(5)) }
  }

  /// Finishes what is in flight and stores the watermark; takes up nothing new.
  func drain() async {
    provisioner.suspend()
    let deadline = ContinuousClock.now + configuration.directory.timeout
    while provisioner.passesRunning > 0, ContinuousClock.now < deadline {
      try? await Reactor.sleep(for: .milliseconds(5))
    }
    sweeper?.progress(atOnce: true)
    while sweeper?.isStoring == true, ContinuousClock.now < deadline {
      try? await Reactor.sleep(for: .milliseconds(5))
    }
    if leader.mayWrite { try? await ledger.note(leader: nil) }
  }

  func reconcileIfLeading() {
    if provisioner.isWorking, !isReconciling { requestReconcile() }
  }
}
