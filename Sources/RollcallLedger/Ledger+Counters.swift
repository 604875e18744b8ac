internal import Postgres
package import RollcallCore

/// What the counters' row says to who begins to count.
package struct CountersRecord: Sendable {
  /// Who has counted last; nil where nobody has.
  package var process: String?
  /// Entries with a link, as they were counted last.
  package var managed: Int?
  /// How long the last comparison took, in microseconds.
  package var comparisonTook: Int?
  /// Whether PostgreSQL keeps the times of commits.
  package var hasCommitTimes = false
}

extension Ledger {
  static let clock = "(date_part('epoch', clock_timestamp()) * 1e6)::bigint"

  /// The database's clock, in microseconds since 1970.
  package func time() async throws(EngineError) -> Int? {
    try await database.execute("time", "SELECT \(Ledger.clock)").int(0, 0)
  }

  package func counters() async throws(EngineError) -> CountersRecord {
    let result = try await database.query(
      """
      SELECT upper(c.process::text),
        coalesce((c.counts ->> 'managed')::bigint, (SELECT count(*) FROM rollcall.entry AS e WHERE e.directory = $1)),
        c.counts ->> 'comparison.took', current_setting('track_commit_timestamp') = 'on'
      FROM (VALUES (1)) AS always LEFT JOIN rollcall.counters AS c ON c.directory = $1
      """, [directory])
    return CountersRecord(
      process: result.text(0, 0), managed: result.int(0, 1), comparisonTook: result.int(0, 2),
      hasCommitTimes: result.bool(0, 3))
  }

  /// Takes the counters' row over, from 0.
  package func claimCounters(_ process: String) async throws(EngineError) {
    try await database.query(
      """
      INSERT INTO rollcall.counters (directory, process) VALUES ($1, $2::uuid)
      ON CONFLICT (directory) DO UPDATE SET process = excluded.process, started = clock_timestamp(),
        at = clock_timestamp(), counts = '{}'
      """, [directory, process])
  }

  /// Stores what was counted, and the minute's row.
  ///
  /// - Parameters:
  ///   - counts: JSON.
  ///   - minute: since 1970.
  /// - Returns: whether the row is still this process's, and the database's clock in microseconds.
  package func store(
    counts: String, _ process: String, minute: Int, _ totals: Counters.Totals
  ) async throws(EngineError) -> (isOurs: Bool, clock: Int) {
    let result = try await database.execute(
      "counters",
      """
      WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
      ours AS (
        UPDATE rollcall.counters SET at = clock_timestamp(), counts = $3::json FROM quick
        WHERE directory = $1 AND process = $2::uuid RETURNING 1),
      minute AS (
        INSERT INTO rollcall.minute (directory, minute, process, changes, writes, settled, parked, lag)
        SELECT $1, to_timestamp($4::bigint * 60), $2::uuid, $5, $6, $7, $8, $9::bigint[] FROM ours
        ON CONFLICT (directory, minute, process) DO UPDATE SET changes = excluded.changes, writes = excluded.writes,
          settled = excluded.settled, parked = excluded.parked, lag = excluded.lag),
      old AS (DELETE FROM rollcall.minute WHERE directory = $1 AND minute < to_timestamp(($4::bigint - \(Ledger.minutes)) * 60))
      SELECT (SELECT count(*) FROM ours), \(Ledger.clock)
      """,
      [
        directory, process, counts, "\(minute)", "\(totals.changes)", "\(totals.writes)", "\(totals.settled)",
        "\(totals.parked)", SQLText.array(totals.lag.counts.map(String.init)),
      ])
    return (result.int(0, 0) == 1, result.int(0, 1) ?? 0)
  }

  /// How many minutes are kept besides the current one.
  private static let minutes = 65

  /// Which of these keys the log names among what has not settled; of a long log its beginning is looked at.
  ///
  /// - Parameter sources: a condition on the column `source` that keys of people meet: those of other tables, and of other
  ///   directories, may be equal.
  package func unsettled(among keys: [RosterKey], sources: String) async throws(EngineError) -> Set<RosterKey> {
    let result = try await database.query(
      """
      SELECT DISTINCT c.key FROM rollcall.directory AS d, LATERAL (
        SELECT xid, key, source FROM rollcall.change
        WHERE xid >= pg_snapshot_xmin(d.watermark) AND NOT pg_visible_in_snapshot(xid, d.watermark) LIMIT 20000) AS c
      WHERE d.name = $1 AND c.key = ANY ($2::text[]) AND \(sources)
      """, [directory, SQLText.array(keys)])
    return Set((0..<result.rowCount).compactMap { result.key($0, 0) })
  }
}
