internal import Logging
internal import Reactor
internal import RollcallCore

/// What was seen of the log is not what PostgreSQL has.
extension Engine {
  /// The stored watermark is not the one that was stored last, or transaction ids are given out anew: goes on from the
  /// stored one. Where logging was stopped, there is none.
  func displaced() {
    guard leader.isLeading, provisioner.isWorking else { return }
    Reactor.task {
      do throws(EngineError) {
        let wasFull = try await self.bound.settle()
        let record = try await self.ledger.record()
        if wasFull {
          try await self.beginAnew(LogBound.reason)
        } else if record?.isFuture == true {
          try await self.beginAnew(Engine.future)
        } else {
          self.logger.notice("reading the change log again from the stored watermark")
          // A predecessor that had not heard yet that it does not lead may have moved it, and has set aside what it
          // passes.
          try await self.state.load()
          try await self.groups?.load()
          self.surveyor?.learn(awaited: self.state.awaited)
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
    provisioner.gather(state.blockedKeys, .retry)
    try await takeUpReleased()
  }

  static let cut = "the change log was cut before this directory had settled it"

  /// Why a stored watermark says nothing about this database and this directory; nil where it holds.
  ///
  /// - Parameter isUnderWay: whether there is none because this process has not compared everybody yet.
  static func mismatch(
    _ record: DirectoryRecord?, _ identity: DatabaseIdentity, fingerprint: String, server: String, base: String,
    capture: String, isUnderWay: Bool
  ) -> String? {
    guard let record, record.server != nil else { return "this directory has never been compared" }
    if record.watermark == nil, !isUnderWay { return "there is no watermark" }
    if record.system != identity.system { return "the database is another cluster than last time" }
    if record.timeline != identity.timeline { return "the database has failed over or was restored" }
    if record.isFuture { return future }
    if record.server != server { return "the LDAP server holds another directory than last time" }
    if record.base != base { return "the base has changed" }
    if record.fingerprint != fingerprint { return "the mapping, the scope or the schema has changed" }
    if let last = record.capture, last != capture { return "tables or triggers were changed" }
    return nil
  }

  static let future = "the watermark lies in the database's future: it was restored from a backup"

  /// Looks at the log for the gatekeeper (``Gatekeeper/catchUp``).
  func catchUp(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: Gathering] {
    while provisioner.isWorking {
      if let sweeper, let windows = try await sweeper.catchUp(keys) { return windows }
      // One that reads from the stored watermark is there in a moment.
      try? await Reactor.sleep(for: .milliseconds(1))
    }
    throw .standby
  }
}
