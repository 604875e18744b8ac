internal import Postgres
internal import Reactor
package import RollcallConfiguration
package import RollcallCore
internal import RollcallEngine
package import RollcallLedger

/// The state of one directory, read only from the ledger: it works while the daemon or the directory is down.
package struct StatusReport: Sendable {
  /// The directory's state as the daemon last reported it.
  package struct DirectoryState: Sendable, Equatable {
    package var state: String
    package var reason: String?
    /// RFC 3339, UTC; like all times here.
    package var since: String?
    /// Whether the reason is a fault of the database, not of the directory.
    package var isOfDatabase: Bool { DirectoryCondition.isOfDatabase(reason) }
    var isPaused: Bool { state == DirectoryCondition.paused("").state }
  }

  /// A parked key.
  package struct Parked: Codable, Sendable, Equatable {
    package var key: String
    package var reason: String
    /// The LDAP result code; nil if no server refused.
    package var code: Int?
    package var message: String
    package var attempts: Int
    package var since: String
    /// When it is retried; nil waits for its cause to change.
    package var nextAt: String?
  }

  package var name: String
  /// Seconds since the last completed look that left nothing unsettled; nil before the first.
  package var watermarkAge: Double?
  /// Changes after the watermark; nil if there is no watermark, so that a full comparison is pending.
  package var backlog: Int?
  /// `host:pid` of the process that holds the leader's lock; nil if none does.
  package var leader: String?
  package var leaderSince: String?
  /// Nil before the daemon has ever connected.
  package var directory: DirectoryState?
  package var lastReconcile: String?
  package var parked: [Parked]
  /// Removals that wait for a person.
  package var held: HeldSet
  /// The number of approved removals that are still to be done.
  package var released: Int
  /// The pinned keys, in the order of their start.
  package var pinned: [(key: RosterKey, pin: Pin)] = []
  /// Coming deletions of leavers' entries, the first ones.
  package var due: [ComingChange] = []
  /// Whether the last look is older than the configuration's `behind_after`.
  package var isBehind: Bool
  /// Guarantees that currently do not hold, the oldest first.
  package var problems: [ConditionProblem] = []

  /// The conditions that a monitor may check.
  package enum Fault: String, Sendable, CaseIterable {
    /// A key is parked with its error.
    case parked
    /// Something waits for a person: a held removal or takeover, or the removal of a pinned key.
    case held
    /// The last look that left nothing unsettled is too old.
    case behind
  }

  package var faults: Set<Fault> {
    var faults: Set<Fault> = []
    if !parked.isEmpty { faults.insert(.parked) }
    if !held.removals.isEmpty || pinned.contains(where: { $0.pin.removal != nil }) { faults.insert(.held) }
    if isBehind { faults.insert(.behind) }
    return faults
  }

  /// Whether no action is needed.
  package var isWell: Bool { faults.isEmpty && problems.allSatisfy(\.isAdvisory) }

  /// Reads the report.
  ///
  /// - Throws: ``EngineError`` if the state cannot be read.
  @Reactor
  package static func read(_ configuration: Configuration) async throws(EngineError) -> StatusReport {
    let ledger = try Ledger(configuration)
    defer { ledger.database.close() }
    try await ledger.requireInstalled()
    try await ledger.database.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    let parked = try await ledger.parkedInDetail()
    let held = try await ledger.heldSet()
    let released = try await ledger.countReleased()
    let pinned = try await ledger.pins().map { (key: $0.key, pin: $0.value) }
      .sorted { ($0.pin.since, $0.key.text) < ($1.pin.since, $1.key.text) }
    let record = try await ledger.database.query(
      """
      SELECT extract(epoch FROM clock_timestamp() - d.looked_at), d.leader, \(SQLText.time("d.leader_since")), d.state, d.reason,
        \(SQLText.time("d.since")), \(SQLText.time("d.last_reconcile")), d.server || ' ' || d.base,
        CASE WHEN d.watermark IS NOT NULL THEN (\(Ledger.beyond("d.watermark"))) END,
        \(SQLText.time("d.looked_at")),
        CASE WHEN d.counted_at > clock_timestamp() - interval '10 seconds' THEN
          d.unsettled + (\(Ledger.beyond("d.counted_to"))) END
      FROM rollcall.directory AS d WHERE d.name = $1
      """, [configuration.name])
    var report = StatusReport(
      name: configuration.name, parked: parked, held: held, released: released, isBehind: true,
      problems: try await ledger.problems())
    report.pinned = pinned
    report.due = try await ledger.coming(most: ComingChange.most)
    let found = StatusProblems(ledger)
    let queue = try await found.queue()
    report.add(queue)
    report.add(try await found.forgotten())
    report.add(try await found.log())
    report.add(try await ledger.followProblem())
    try await ledger.database.query("COMMIT")
    await ChangeLog.pruneIfLarge(configuration)
    guard !record.isEmpty else { return report }
    report.watermarkAge = record.double(0, 0).map { max(0, $0) }
    report.backlog = record.int(0, 8)
    report.directory = record.text(0, 3).map {
      DirectoryState(state: $0, reason: record.text(0, 4), since: record.text(0, 5))
    }
    report.lastReconcile = record.text(0, 6)
    if let subject = record.text(0, 7),
      try await Leader.exists(for: configuration.name, subject: subject, ledger.database)
    {
      report.leader = record.text(0, 1)
      report.leaderSince = record.text(0, 2)
      // Work that the daemon has already settled may still be beyond the watermark.
      if let backlog = report.backlog, let counted = record.int(0, 10) { report.backlog = min(backlog, counted) }
    } else {
      // No daemon is there to report its end.
      if queue == nil { report.problems.removeAll { $0.code == .queue } }
      if let subject = record.text(0, 7) { report.add(try await found.lock(subject)) }
      report.add(StatusProblems.leader(record.text(0, 1), report.directory, lookedAt: record.text(0, 9)))
      // The reported connection state is outdated.
      if record.text(0, 1) != nil, let state = report.directory?.state, state != DirectoryCondition.stopped.state {
        report.directory?.reason = "it was \(state) when its last leader reported"
        report.directory?.state = "unknown"
      }
    }
    let limit = configuration.behindAfter / .seconds(1)
    report.isBehind = report.watermarkAge.map { $0 > limit } ?? true
    return report
  }

  /// The daemon's own report of the same problem takes precedence: it has the start time.
  private mutating func add(_ problem: ConditionProblem?) {
    guard let problem, !problems.contains(where: { $0.code == problem.code }) else { return }
    problems.append(problem)
  }
}

extension Ledger {
  /// - Parameter key: nil selects all.
  func parkedInDetail(_ key: RosterKey? = nil) async throws(EngineError) -> [StatusReport.Parked] {
    let result = try await database.query(
      """
      SELECT key, reason, code, message, attempts, \(SQLText.time("since")), \(SQLText.time("next_at"))
      FROM rollcall.parked WHERE directory = $1 AND ($2::text IS NULL OR key = $2) ORDER BY since, key
      """, [directory, key?.text])
    return (0..<result.rowCount).map { row in
      StatusReport.Parked(
        key: result.text(row, 0) ?? "", reason: result.text(row, 1) ?? "", code: result.int(row, 2),
        message: result.text(row, 3) ?? "", attempts: result.int(row, 4) ?? 0,
        since: result.text(row, 5) ?? "",
        nextAt: result.text(row, 6))
    }
  }

  /// SQL for the number of changes that a snapshot does not see.
  fileprivate static func beyond(_ snapshot: String) -> String {
    """
    SELECT count(*) FROM rollcall.change AS c
    WHERE c.xid >= pg_snapshot_xmin(\(snapshot)) AND NOT pg_visible_in_snapshot(c.xid, \(snapshot))
      AND c.xid < pg_snapshot_xmax(pg_current_snapshot())
    """
  }

  fileprivate func countReleased() async throws(EngineError) -> Int {
    let result = try await database.query(
      "SELECT count(*) FROM rollcall.held WHERE directory = $1 AND approved", [directory])
    return result.int(0, 0) ?? 0
  }
}

extension Engine {
  /// Whether any process leads this directory.
  func isLed() async throws(EngineError) -> Bool {
    guard let record = try await ledger.record(), let server = record.server, let base = record.base else {
      return false
    }
    return try await Leader.exists(
      for: configuration.name, subject: Leader.subject(server: server, base: base), sessions.database)
  }
}
