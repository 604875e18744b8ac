internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

extension Engine {
  /// Decides how entries that the ledger does not know are treated. A different directory, or a different base, has
  /// never been compared.
  package func noteAcquaintance(_ facts: DirectoryFacts, _ record: DirectoryRecord?, _ identity: DatabaseIdentity?) {
    let base = configuration.users.base.normalized(facts.schema)
    let isSame = record?.server == facts.identity && record?.base == base
    let isFirst = !(isSame && record?.sinceReconcile != nil)
    state.meetings.schema = facts.schema
    let isLoss = identity.map { record?.hasLost(to: $0) == true } ?? false
    // Where another process has noticed it, a comparison of ours that began before has not recorded everything either.
    let isOther = database.map { $0 != identity } ?? false
    database = identity
    state.meetings.begin(
      isFirst ? .first : isLoss || record?.isRecording == true ? .recording : .complete, isLoss: isLoss || isOther)
  }

  /// Warns once about settings that are permitted but dangerous.
  package func warn() {
    if let warning = configuration.transportWarning {
      events.emit(.warning(warning.message, place: warning.place, fix: warning.remedy))
    }
  }

  /// Refuses a configuration that does not fit the server; otherwise every key would be parked one by one.
  func refuseMisfits(_ facts: DirectoryFacts) throws(EngineError) {
    if let reason = SchemaInspection(configuration, facts.schema, facts.dialect, []).refusal { throw .refused(reason) }
    guard !hasWarnedOfLock,
      let warning = LockInspection.shortcoming(configuration, facts.dialect, facts.schema)
    else { return }
    hasWarnedOfLock = true
    let place = configuration.place(of: "users.disable")
    events.emit(.warning("\(warning)", place: place, fix: LockInspection.remedy))
  }

  /// Checks everything that a start requires of the database, and waits for a database that is not available.
  ///
  /// - Parameter pause: waits for the given time; returns false to give up.
  func prepare(pause: @Reactor (Duration) async -> Bool) async throws(EngineError) {
    warn()
    var attempt = 0
    while true {
      do throws(EngineError) {
        return try await requireAll()
      } catch {
        // A wrong user, password (class 28) or database (3D000) is an error, not a reason to wait.
        guard case .database(let failure) = error, failure.isConnectionLost,
          failure.sqlState.map({ $0.hasPrefix("28") || $0 == "3D000" }) != true
        else { throw error }
        attempt += 1
        if attempt == 1 { events.emit(.waitingForDatabase("\(error)")) }
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
        let delay = backoff.delay(attempt: attempt, random: Double.random(in: 0..<1))
        guard await pause(delay) else { return }
      }
    }
  }

  /// Checks everything that a start requires of the database.
  func requireAll() async throws(EngineError) {
    try await PoolerProbe.requireSessions(sessions.options)
    try await requireInstalled()
    try await ledger.requireRights()
    try await requireTimezone()
    try await requireCoverage()
    if try await roster.resolveKeyType() == .text {
      events.emit(.warning(KeyType.textIsHeard, place: configuration.place(of: "source.key"), fix: nil))
    }
  }

  /// Why the stored watermark is not valid for this database and this directory; nil if it is valid.
  ///
  /// - Parameter isUnderWay: whether a missing watermark is expected, because this process has not completed its first
  ///   full comparison yet.
  static func mismatch(
    _ record: DirectoryRecord?, _ identity: DatabaseIdentity, fingerprint: String, server: String, base: String,
    capture: String, isUnderWay: Bool
  ) -> String? {
    guard let record, record.server != nil else { return "this directory has never been compared" }
    if record.system != identity.system { return "the database is in another cluster than last time" }
    if record.timeline != identity.timeline { return "the database has failed over or was restored" }
    if record.isFuture { return "the watermark is ahead of the database, which was restored from a backup" }
    if record.watermark == nil, !isUnderWay { return "there is no watermark" }
    if record.server != server { return "the LDAP server holds another directory than last time" }
    if record.base != base { return "the base has changed" }
    if record.fingerprint != fingerprint { return "the mapping, the scope or the schema has changed" }
    if let last = record.capture, last != capture { return CaptureSignature.change }
    return nil
  }
}
