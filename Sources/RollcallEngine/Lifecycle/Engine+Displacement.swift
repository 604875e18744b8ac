internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// What was seen of the log is not what PostgreSQL has.
extension Engine {
  /// The stored watermark is not the one that was stored last, or transaction ids are given out anew: goes on from the
  /// stored one. Where logging was stopped, there is none.
  func displaced() {
    guard leader.isLeading, dispatcher.isWorking else { return }
    Reactor.task {
      do throws(EngineError) {
        // A session that was idle when a primary was lost has found its successor before anybody else did.
        let identity = try await DatabaseIdentity.read(self.sessions.database)
        let record = try await self.ledger.record()
        if record?.hasLost(to: identity) == true { throw Engine.anotherServer }
        let wasFull = try await self.bound.rearm()
        if wasFull {
          try await self.beginAnew(LogBound.reason)
        } else {
          self.events.emit(.readingAgain)
          // A predecessor that had not heard yet that it does not lead may have moved it, and has set aside what it
          // passes.
          try await self.state.load()
          try await self.groups?.load()
          self.stateReader?.learn(awaited: self.state.awaited)
          try await self.resume(from: record?.watermark)
          try await self.takeUpLedger()
          self.takeUpGroups()
        }
        try await self.sweeper?.look()
        try await self.retrier.check()
      } catch {
        self.trouble(error)
      }
    }
  }

  /// Hands in what had its cause removed by a step whose record was lost with a process or a connection, and what a
  /// person has approved meanwhile.
  func takeUpLedger() async throws(EngineError) {
    dispatcher.addTogether(state.blockedKeys, .retry)
    try await takeUpReleased()
    try await pins.takeUp()
  }

  private static let anotherServer = EngineError.database(
    PostgresError(kind: .connection, message: "the server is not the one of before, or was restored"))

  /// Looks at the log for the removal guard (``RemovalGuard/catchUp``).
  func catchUp(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: RemovalBatch] {
    while dispatcher.isWorking {
      if let sweeper, let windows = try await sweeper.catchUp(keys) { return windows }
      // One that reads from the stored watermark is there in a moment.
      try? await Reactor.sleep(for: .milliseconds(1))
    }
    throw .standby
  }
}
