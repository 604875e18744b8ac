internal import Postgres
internal import Reactor
internal import RollcallEngine
internal import RollcallLedger

/// Problems that are visible in PostgreSQL itself, so that `status` and `check` find them while no daemon runs.
@Reactor
struct StatusProblems {
  private let ledger: Ledger

  init(_ ledger: Ledger) { self.ledger = ledger }

  /// The leader's lock is held by another program.
  func lock(_ subject: String) async throws(EngineError) -> ConditionProblem? {
    guard let holder = try await Leader.holder(of: ledger.directory, subject: subject, ledger.database),
      !holder.isRollcall
    else { return nil }
    return ConditionProblem(
      .lock,
      "the leader's lock is held by \(holder.text), which is not a Rollcall daemon; a daemon that "
        + "starts uses another lock",
      fix: holder.fix, since: holder.since)
  }

  /// No process leads, although one did and was expected to stay.
  ///
  /// - Parameters:
  ///   - last: the process that led and did not shut down cleanly; nil if the last one did.
  ///   - state: the directory's last reported state, and since when.
  nonisolated static func leader(
    _ last: String?, _ state: StatusReport.DirectoryState?, lookedAt: String?
  ) -> ConditionProblem? {
    if let state, state.state == DirectoryCondition.stopped.state {
      return ConditionProblem(
        .leader, "no process leads this directory: the daemon was stopped", fix: "rollcall run", since: state.since)
    }
    if let last {
      return ConditionProblem(
        .leader, "no process leads this directory: \(last) ended unexpectedly", fix: "rollcall run",
        since: lookedAt ?? state?.since)
    }
    if let state, state.isPaused {
      return ConditionProblem(
        .leader, "no process leads this directory: \(state.reason ?? "?")",
        fix: "rollcall check", since: state.since)
    }
    return nil
  }

  /// The notification queue is shared by the cluster; any role may fill it.
  func queue() async throws(EngineError) -> ConditionProblem? {
    let usage = try await ledger.database.query("SELECT pg_notification_queue_usage()").double(0, 0) ?? 0
    return usage >= QueueWatch.limit ? QueueWatch.problem : nil
  }

  /// A long log, and the directory that has settled least of it.
  ///
  /// - Parameters:
  ///   - octets: the size below which a log is not counted.
  ///   - rows: fewer changes are not a problem; half of what `rollcall.prune` keeps for a directory.
  func log(octets: Int = 200_000_000, rows: Int = 2_500_000) async throws(EngineError) -> ConditionProblem? {
    let size = "pg_total_relation_size('rollcall.change')"
    let full = try await ledger.database.query(
      "SELECT pg_sequence_last_value('rollcall.ring') = 1, changes, pg_size_pretty(\(size)) FROM rollcall.log_limit")
    if !full.isEmpty, full.bool(0, 0) {
      return ConditionProblem(
        .log,
        "the change log is full (\(full.text(0, 2) ?? "?"), more than \(full.text(0, 1) ?? "?") changes), because no "
          + "process leads a directory: no changes are logged until one does, which then compares everybody",
        fix: "rollcall run")
    }
    let found = try await ledger.database.query(
      """
      SELECT pg_size_pretty(\(size)), s.name, \(SQLText.time("s.looked_at"))
      FROM (SELECT name, looked_at FROM rollcall.directory
            ORDER BY watermark IS NOT NULL, pg_snapshot_xmin(watermark) LIMIT 1) AS s
      WHERE \(size) > \(octets)
        AND (SELECT count(*) FROM (SELECT FROM rollcall.change LIMIT \(rows)) AS c) = \(rows)
      """, timeout: .seconds(60))
    if found.isEmpty { return nil }
    return ConditionProblem(
      .log,
      "the change log holds more than \(rows) changes (\(found.text(0, 0) ?? "?")), because the directory "
        + "\"\(found.text(0, 1) ?? "")\" has not settled them; it was last in step "
        + (found.text(0, 2).map { "at \($0)" } ?? "never"),
      fix: "run rollcall status with its configuration; start it, or delete its state: rollcall uninstall",
      since: found.text(0, 2))
  }

  /// Directories that nobody has led for a day and whose changes are still kept.
  func forgotten() async throws(EngineError) -> ConditionProblem? {
    let rows = try await ledger.database.query(
      """
      SELECT d.name, coalesce(d.server || ' ' || d.base, ''), \(SQLText.time("seen.at")),
        pg_size_pretty(pg_total_relation_size('rollcall.change'))
      FROM rollcall.directory AS d
        CROSS JOIN LATERAL (SELECT greatest(d.looked_at, d.last_reconcile, d.leader_since, d.since)) AS seen (at)
      WHERE d.name <> $1 AND seen.at < now() - interval '1 day' AND EXISTS (
        SELECT FROM rollcall.change AS c WHERE d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark))
      ORDER BY seen.at
      """, [ledger.directory])
    var names: [String] = []
    for row in 0..<rows.rowCount {
      let name = rows.text(row, 0) ?? ""
      if try await Leader.exists(for: name, subject: rows.text(row, 1) ?? "", ledger.database) { continue }
      names.append(name)
    }
    guard let first = names.first else { return nil }
    let row = (0..<rows.rowCount).first { rows.text($0, 0) == first } ?? 0
    let forget = names.map { "DELETE FROM rollcall.directory WHERE name = \(SQLText.literal($0))" }
    return ConditionProblem(
      .forgotten,
      "the change log (\(rows.text(row, 3) ?? "?")) is kept for \(names.map { "\"\($0)\"" }.joined(separator: ", ")), "
        + "which no process leads; last seen \(rows.text(row, 2) ?? "?")",
      fix: "start it, or delete its state: rollcall uninstall with its configuration, or "
        + "\(forget.joined(separator: "; "))",
      since: rows.text(row, 2))
  }
}
