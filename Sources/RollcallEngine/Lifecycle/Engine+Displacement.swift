internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Handles the case that the log as read so far is not the log that PostgreSQL has.
extension Engine {
  /// Continues from the stored watermark, because it is not the one that was last stored, or because PostgreSQL is
  /// reusing transaction ids. If logging was stopped, there is no watermark, and a full comparison starts.
  func displaced() {
    guard leader.isLeading, dispatcher.isWorking else { return }
    Reactor.task {
      do throws(EngineError) {
        // A session that was idle when the primary was lost may be the first to reach the new primary.
        let identity = try await DatabaseIdentity.read(self.sessions.database)
        let record = try await self.ledger.record()
        if record?.hasLost(to: identity) == true { throw Engine.anotherServer }
        let wasFull = try await self.bound.rearm()
        if wasFull {
          try await self.beginAnew(LogBound.reason)
        } else {
          self.events.emit(.readingAgain)
          // A predecessor that had not yet noticed the loss of the lock may have moved the watermark, and has parked or
          // held the keys that it skipped.
          try await self.state.load()
          try await self.groups?.load()
          self.stateReader?.learn(awaited: self.state.awaited)
          try await self.resume(from: record?.watermark)
          try await self.takeUpLedger()
          self.takeUpGroups()
          self.takeUpReferences()
        }
        try await self.sweeper?.look()
        try await self.retrier.check()
      } catch {
        self.trouble(error)
      }
    }
  }

  /// Queues parked keys whose cause may have been removed by a step whose record was lost with a process or a
  /// connection, and everything that a person has approved meanwhile.
  func takeUpLedger() async throws(EngineError) {
    dispatcher.addTogether(state.blockedKeys, .retry)
    // It may have failed for everybody, which only the process that noticed it knows (``RosterHealth``).
    if failingTerm != leader.term {
      failingTerm = leader.term
      dispatcher.addTogether(state.failingKeys, .sweep)
    }
    try await takeUpReleased()
    try await pins.takeUp()
  }

  private static let anotherServer = EngineError.database(
    PostgresError(kind: .connection, message: "this is not the server of before, or it was restored"))

  /// Reads the log for the removal guard (``RemovalGuard/catchUp``).
  func catchUp(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: UnreadWindow] {
    while dispatcher.isWorking {
      if let sweeper, let windows = try await sweeper.catchUp(keys) { return windows }
      // A sweeper that reads from the stored watermark replaces the one that has ended; that takes a moment.
      try? await Reactor.sleep(for: .milliseconds(1))
    }
    throw .standby
  }
}
