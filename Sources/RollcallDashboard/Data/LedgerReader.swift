internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallLedger
internal import RollcallPages

/// What the pages show, read from the ledger alone: it works while the daemon or the directory is down.
@Reactor
final class LedgerReader {
  let sessions: LedgerSessions
  let changes = HeldChanges()
  /// The configuration's `behind_after`, in seconds.
  private let behindAfter: Double

  init(_ options: ConnectionOptions, behindAfter: Duration) {
    sessions = LedgerSessions(options)
    self.behindAfter = behindAfter / .seconds(1)
  }

  /// Refuses a database without the schema, or with another version of it.
  func requireInstalled() async throws(EngineError) { try await sessions.ledger("").requireInstalled() }

  // MARK: Summaries

  /// All directories of the database, with the database's clock.
  struct Summaries: Sendable {
    var directories: [DirectorySummary]
    var now: Moment
  }

  private var latest: (at: ContinuousClock.Instant, summaries: Summaries)?
  private var reading: Task<Result<Summaries, EngineError>, Never>?
  /// Every page has them; they are as old as this at the most.
  private static let fresh: Duration = .seconds(1)

  func summaries() async throws(EngineError) -> Summaries {
    if let latest, ContinuousClock.now - latest.at < Self.fresh { return latest.summaries }
    // Those who ask meanwhile get the same answer.
    let task = reading ?? Task(executorPreference: Reactor.loop) { await self.read() }
    reading = task
    let result = await task.value
    if reading == task { reading = nil }
    return try result.get()
  }

  private func read() async -> Result<Summaries, EngineError> {
    do throws(EngineError) {
      let began = ContinuousClock.now
      let summaries = try await readSummaries()
      latest = (began, summaries)
      return .success(summaries)
    } catch {
      return .failure(error)
    }
  }

  /// So many changes are counted of all directories; a longer backlog is shown as this number.
  private static let mostChanges = 100_000
  /// So many of what waits are counted of each directory.
  private static let mostCounted = DirectorySummary.most + 1

  private func readSummaries() async throws(EngineError) -> Summaries {
    let database = sessions.next
    let rows = try await database.query(
      """
      SELECT d.name, d.leader, \(SQLText.time("d.leader_since")), extract(epoch FROM clock_timestamp() - d.looked_at),
        d.state, d.reason, \(SQLText.time("d.since")), \(SQLText.time("d.last_reconcile")), d.server || ' ' || d.base,
        (SELECT count(*) FROM (
          SELECT FROM rollcall.parked AS p WHERE p.directory = d.name LIMIT \(Self.mostCounted)) AS some_parked),
        (SELECT count(*) FROM (
          SELECT FROM rollcall.held AS h WHERE h.directory = d.name AND NOT h.approved LIMIT \(Self.mostCounted)) AS some_held),
        (SELECT count(*) FROM (
          SELECT FROM rollcall.held AS h WHERE h.directory = d.name AND NOT h.approved AND h.action = 'takeover'
          LIMIT \(Self.mostCounted)) AS some_takeovers),
        (SELECT count(*) FROM rollcall.pinned AS p WHERE p.directory = d.name AND (p.until IS NULL OR p.until > now())),
        CASE WHEN d.watermark IS NOT NULL THEN (SELECT count(*) FROM (
          SELECT FROM rollcall.change AS c
          WHERE c.xid >= pg_snapshot_xmin(d.watermark) AND NOT pg_visible_in_snapshot(c.xid, d.watermark)
            AND c.xid < pg_snapshot_xmax(pg_current_snapshot())
          LIMIT greatest(1000, \(Self.mostChanges) / (SELECT count(*) FROM rollcall.directory))) AS beyond) END,
        CASE WHEN d.counted_at > clock_timestamp() - interval '10 seconds' THEN d.unsettled END,
        \(SQLText.time("(d.last_reconcile + (c.counts ->> 'comparison.every')::bigint * interval '1 second')"))
      FROM rollcall.directory AS d LEFT JOIN rollcall.counters AS c ON c.directory = d.name ORDER BY d.name
      """)
    let problems = try await problems(database)
    var subjects: [String: String] = [:]
    for row in 0..<rows.rowCount where rows.text(row, 1) != nil {
      subjects[rows.text(row, 0) ?? ""] = rows.text(row, 8)
    }
    let led = try await Leader.led(subjects, database)
    var directories: [DirectorySummary] = []
    for row in 0..<rows.rowCount {
      let name = rows.text(row, 0) ?? ""
      let age = rows.double(row, 3).map { max(0, $0) }
      var summary = DirectorySummary(
        name: name, watermarkAge: age, isBehind: age.map { $0 > behindAfter } ?? true, backlog: rows.int(row, 13),
        lastReconcile: rows.text(row, 7).flatMap { Moment($0) }, parked: rows.int(row, 9) ?? 0,
        held: rows.int(row, 10) ?? 0, takeovers: rows.int(row, 11) ?? 0, pinned: rows.int(row, 12) ?? 0,
        problems: problems[name] ?? [])
      if let state = rows.text(row, 4) {
        let reason = rows.text(row, 5)
        summary.condition = DirectorySummary.Condition(
          state, reason: reason, since: rows.text(row, 6).flatMap { Moment($0) },
          isOfDatabase: DirectoryCondition.isOfDatabase(reason))
      }
      if let leader = rows.text(row, 1), led.contains(name) {
        summary.leader = leader
        summary.leaderSince = rows.text(row, 2).flatMap { Moment($0) }
        summary.nextReconcile = rows.text(row, 15).flatMap { Moment($0) }
        // What the daemon has settled already of what it works on is still beyond the watermark.
        if let backlog = summary.backlog, let counted = rows.int(row, 14) { summary.backlog = min(backlog, counted) }
      } else {
        summary.lose(leader: rows.text(row, 1))
      }
      directories.append(summary)
    }
    return Summaries(directories: directories, now: try await now(database))
  }

  private func now(_ database: Database) async throws(EngineError) -> Moment {
    let seconds = try await database.query("SELECT extract(epoch FROM clock_timestamp())").double(0, 0)
    return Moment(seconds: seconds ?? 0)
  }

  private func problems(_ database: Database) async throws(EngineError) -> [String: [DirectorySummary.Problem]] {
    let rows = try await database.query(
      "SELECT directory, code, message, fix, \(SQLText.time("since")) FROM rollcall.problem ORDER BY since, code")
    var problems: [String: [DirectorySummary.Problem]] = [:]
    for row in 0..<rows.rowCount {
      let code = rows.text(row, 1) ?? ""
      problems[rows.text(row, 0) ?? "", default: []].append(
        DirectorySummary.Problem(
          code, rows.text(row, 2) ?? "", fix: rows.text(row, 3), since: rows.text(row, 4).flatMap { Moment($0) },
          isAdvisory: ConditionProblem.Code(rawValue: code) == .twophase))
    }
    return problems
  }
}

extension DirectorySummary {
  /// Nobody leads: what was said of the connection is the past.
  ///
  /// - Parameter leader: the process that has led and did not end in order.
  fileprivate mutating func lose(leader: String?) {
    // Nobody is there to say that it is over.
    problems.removeAll { $0.code == ConditionProblem.Code.queue.rawValue }
    if condition?.state == DirectoryCondition.stopped.state {
      problems.append(
        Problem(
          "leader", "no process leads this directory: the daemon was stopped", fix: "rollcall run",
          since: condition?.since))
    } else if let leader {
      problems.append(
        Problem("leader", "no process leads this directory: \(leader) ended unexpectedly", fix: "rollcall run"))
      if let state = condition?.state {
        condition?.reason = "it was \(state) when its last leader reported"
        condition?.state = "unknown"
      }
    } else if let condition, condition.state == DirectoryCondition.paused("").state {
      problems.append(
        Problem(
          "leader", "no process leads this directory: \(condition.reason ?? "?")",
          fix: "rollcall check", since: condition.since))
    }
  }
}
