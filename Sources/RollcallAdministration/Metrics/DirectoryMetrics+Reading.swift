internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallEngine
package import RollcallLedger

/// Reads what is measured of all directories of a database.
extension DirectoryMetrics {
  /// What the daemon stores is as it says for so many seconds.
  private static let fresh = 20

  /// By name. A member of `rollcall_auditor` may do that. Several may share the session: no transaction is begun.
  ///
  /// - Throws: ``EngineError`` where the database cannot be read, or the schema is of another version.
  @Reactor
  package static func readAll(_ database: Database) async throws(EngineError) -> [DirectoryMetrics] {
    try await Ledger(database, directory: "").requireInstalled()
    let (stored, words) = try await storedCounts(database)
    var all: [String: DirectoryMetrics] = [:]
    let rows = try await database.query(
      """
      SELECT d.name, d.server || ' ' || d.base, coalesce(\(seconds("d.looked_at")), 0), coalesce(\(seconds("d.last_reconcile")), 0),
        d.state, c.at > clock_timestamp() - interval '\(fresh) seconds', \(seconds("clock_timestamp()"))
      FROM rollcall.directory AS d LEFT JOIN rollcall.counters AS c ON c.directory = d.name ORDER BY d.name
      """)
    var subjects: [String: String] = [:]
    for row in 0..<rows.rowCount { subjects[rows.text(row, 0) ?? ""] = rows.text(row, 1) }
    let led = try await Leader.led(subjects, database)
    for row in 0..<rows.rowCount {
      var metrics = DirectoryMetrics(name: rows.text(row, 0) ?? "")
      let counts = stored[metrics.name] ?? [:]
      metrics.take(counts, words[metrics.name] ?? [:])
      metrics.isLed = led.contains(metrics.name)
      metrics.watermark = rows.double(row, 2) ?? 0
      metrics.reconciled = rows.double(row, 3) ?? 0
      metrics.isUp = metrics.isLed && [DirectoryCondition.connected(nil).state, "refusing"].contains(rows.text(row, 4))
      metrics.now = rows.double(row, 6) ?? 0
      let log = try await backlog(metrics.name, database)
      metrics.logChanges = log.count
      if metrics.isLed, rows.bool(row, 5), let oldest = counts["oldest"] {
        metrics.oldestUnsettled = Double(oldest) / 1e6
      } else {
        metrics.oldestUnsettled = log.oldest ?? metrics.now
      }
      if !metrics.isLed { metrics.queue = [:] }
      metrics.budget = try await budget(metrics, counts, database)
      all[metrics.name] = metrics
    }
    try await count(into: &all, database)
    return all.values.sorted { $0.name < $1.name }
  }

  private nonisolated static func seconds(_ time: String) -> String { "date_part('epoch', \(time))" }

  /// What daemons have stored, by directory and name: numbers, and the few words.
  @Reactor
  private static func storedCounts(
    _ database: Database
  ) async throws(EngineError) -> (numbers: [String: [String: Int]], words: [String: [String: String]]) {
    let rows = try await database.query(
      "SELECT directory, key, value FROM rollcall.counters, json_each_text(counts)")
    var numbers: [String: [String: Int]] = [:]
    var words: [String: [String: String]] = [:]
    for row in 0..<rows.rowCount {
      guard let name = rows.text(row, 0), let key = rows.text(row, 1) else { continue }
      if let number = rows.int(row, 2) {
        numbers[name, default: [:]][key] = number
      } else {
        words[name, default: [:]][key] = rows.text(row, 2)
      }
    }
    return (numbers, words)
  }

  private mutating func take(_ counts: [String: Int], _ words: [String: String]) {
    counters = Counters(stored: counts)
    version = words["version"] ?? ""
    kind = words["kind"] ?? ""
    lagFrom = words["lag.from"] ?? ""
    reconcileDuration = Double(counts["comparison.took"] ?? 0) / 1e6
    managed = counts["managed"] ?? 0
    for priority in Priority.allCases { queue[priority] = counts["queue.\(priority.label)"] ?? 0 }
  }

  /// Changes that a directory's watermark has not passed, and when the oldest of them was logged.
  @Reactor
  private static func backlog(
    _ name: String, _ database: Database
  ) async throws(EngineError) -> (count: Int, oldest: Double?) {
    let beyond = """
      FROM rollcall.change AS c WHERE c.xid >= coalesce(pg_snapshot_xmin(d.watermark), '0')
        AND (d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark))
      """
    let rows = try await database.query(
      """
      SELECT (SELECT count(*) FROM (SELECT \(beyond) LIMIT \(mostChanges)) AS x),
        (SELECT \(seconds("min(at)")) FROM (SELECT at \(beyond) ORDER BY xid, seq LIMIT 1000) AS x)
      FROM rollcall.directory AS d WHERE d.name = $1
      """, [name])
    return rows.isEmpty ? (0, nil) : (rows.int(0, 0) ?? 0, rows.double(0, 1))
  }

  /// How many more entries may go, by the policy that the daemon has stored.
  @Reactor
  private static func budget(
    _ metrics: DirectoryMetrics, _ counts: [String: Int], _ database: Database
  ) async throws(EngineError) -> Int {
    guard let within = counts["removals.within"] else { return 0 }
    let policy = RemovalPolicy(
      most: Double(counts["removals.most.millipercent"] ?? 0) / 1000, least: counts["removals.least"] ?? 0,
      within: .seconds(within))
    let spent = try await database.query(
      """
      SELECT count(*), count(*) FILTER (WHERE EXISTS (
        SELECT FROM rollcall.disabled AS d WHERE d.directory = $1 AND d.key = r.key))
      FROM (SELECT DISTINCT key FROM rollcall.removal
            WHERE directory = $1 AND at >= now() - $2::bigint * interval '1 second') AS r
      """, [metrics.name, "\(within)"])
    return RemovalBudget.remaining(
      managed: metrics.managed, spent: spent.int(0, 0) ?? 0, disabled: spent.int(0, 1) ?? 0, policy: policy)
  }

  /// What waits, as the tables have it.
  @Reactor
  private static func count(
    into all: inout [String: DirectoryMetrics], _ database: Database
  ) async throws(EngineError) {
    let parked = try await database.query("SELECT directory, reason, count(*) FROM rollcall.parked GROUP BY 1, 2")
    for row in 0..<parked.rowCount {
      all[parked.text(row, 0) ?? ""]?.parked[parked.text(row, 1) ?? ""] = parked.int(row, 2)
    }
    let held = try await database.query(
      "SELECT directory, action, count(*) FROM rollcall.held WHERE NOT approved GROUP BY 1, 2")
    for row in 0..<held.rowCount {
      all[held.text(row, 0) ?? ""]?.held[held.text(row, 1) ?? ""] = held.int(row, 2)
    }
    // The daemon takes away what has ended; none may be there.
    let pinned = try await database.query(
      "SELECT directory, count(*) FROM rollcall.pinned WHERE until IS NULL OR until > now() GROUP BY 1")
    for row in 0..<pinned.rowCount { all[pinned.text(row, 0) ?? ""]?.pinned = pinned.int(row, 1) ?? 0 }
    let followers = try await database.query(
      """
      SELECT f.directory, f.name, (SELECT count(*) FROM (
        SELECT FROM rollcall.journal AS j
        WHERE j.directory = f.directory AND j.tx::text::bigint >= pg_snapshot_xmin(f.position)::text::bigint
          AND NOT pg_visible_in_snapshot(j.tx, f.position) LIMIT \(mostRows)) AS x)
      FROM rollcall.follower AS f ORDER BY 1, 2
      """)
    for row in 0..<followers.rowCount {
      all[followers.text(row, 0) ?? ""]?.followers.append((followers.text(row, 1) ?? "", followers.int(row, 2) ?? 0))
    }
  }
}
