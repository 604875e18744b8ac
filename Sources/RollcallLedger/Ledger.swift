internal import Postgres
package import Reactor
package import RollcallCore

/// A key that is parked with its error.
package struct ParkedKey: Sendable, Equatable {
  package var key: RosterKey
  package var problem: Problem
  package var attempts: Int
  /// Seconds until it is retried; nil waits for its cause to change.
  package var retryAfter: Double?

  package init(key: RosterKey, problem: Problem, attempts: Int, retryAfter: Double?) {
    self.key = key
    self.problem = problem
    self.attempts = attempts
    self.retryAfter = retryAfter
  }
}

/// The stored state of one directory in the database: the tables of the schema `rollcall`.
@Reactor
package final class Ledger {
  private static let mostDue = 1000

  package let directory: String
  package let database: Database
  /// The start of the term in which this process leads, as ``note(leader:)`` has returned it; nil where it does not lead.
  package var term: String?

  package init(_ database: Database, directory: String) {
    self.database = database
    self.directory = directory
  }

  // MARK: Watermark

  /// Advances the watermark. The parked and held keys up to it have been committed before.
  ///
  /// - Parameter was: the watermark that was last stored; nil if none was.
  /// - Returns: false if that has changed, or the log was truncated in between (as `rollcall.advance` detects): what
  ///   this process has read is then incomplete.
  package func store(
    watermark: String, after was: String?, lookedAt: String, confirmed: ConfirmedKeys.Difference? = nil
  ) async throws(EngineError) -> Bool {
    let keys = confirmed ?? ConfirmedKeys.Difference()
    // If the server loses this commit, some keys are looked at again.
    let result = try await database.query(
      """
      WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)) \(Ledger.confirmed(from: 5))
      UPDATE rollcall.directory AS d SET watermark = $2::pg_snapshot, looked_at = $3::timestamptz, cut = NULL,
        confirmed_lost = $8
      FROM quick WHERE d.name = $1 AND d.watermark::text IS NOT DISTINCT FROM $4::text
        AND ($4::text IS NOT NULL OR d.cut IS NULL OR d.cut < pg_snapshot_xmin($2::pg_snapshot))
      RETURNING 1
      """, [directory, watermark, lookedAt, was] + Ledger.parameters(of: keys))
    return !result.isEmpty
  }

  /// Clears the mark that the log was truncated, before a full comparison.
  package func forgetCut() async throws(EngineError) {
    try await database.query(
      "UPDATE rollcall.directory SET cut = NULL WHERE name = $1 AND cut IS NOT NULL", [directory])
  }

  /// A condition that another process has not begun to lead since this one did. A process that was stopped for a while
  /// would otherwise still record what it found before: its successor knows nothing of that.
  ///
  /// - Parameter parameter: the number of the parameter that is ``term``.
  static func inTerm(_ parameter: Int) -> String {
    """
    ($\(parameter)::text IS NULL OR EXISTS (
      SELECT FROM rollcall.directory AS d WHERE d.name = $1 AND d.leader_since::text = $\(parameter)))
    """
  }

  // MARK: Parked

  /// Parks keys, or updates the records of parked ones.
  func park(_ keys: [ParkedKey]) async throws(EngineError) {
    if keys.isEmpty { return }
    try await database.query(
      """
      INSERT INTO rollcall.parked AS p
        (directory, key, reason, code, message, blocks, attempts, since, next_at)
      SELECT $1, x.key, x.reason, x.code, x.message, x.blocks, x.attempts, now(),
        now() + x.retry * interval '1 second'
      FROM unnest($2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::int[], $8::float8[])
        AS x(key, reason, code, message, blocks, attempts, retry)
      WHERE \(Ledger.inTerm(9))
      ON CONFLICT (directory, key) DO UPDATE SET reason = excluded.reason, code = excluded.code,
        message = excluded.message, blocks = excluded.blocks, attempts = excluded.attempts,
        next_at = excluded.next_at
      """,
      [
        directory, SQLText.array(keys.map(\.key)), SQLText.array(keys.map { $0.problem.reason.rawValue }),
        SQLText.array(keys.map { $0.problem.code.map { "\($0)" } }), SQLText.array(keys.map(\.problem.message)),
        SQLText.array(keys.map(\.problem.blocks)), SQLText.array(keys.map { "\($0.attempts)" }),
        SQLText.array(keys.map { $0.retryAfter.map { "\($0)" } }), term,
      ])
  }

  /// Unparks keys.
  func unpark(_ keys: [RosterKey]) async throws(EngineError) {
    if keys.isEmpty { return }
    try await database.query(
      "DELETE FROM rollcall.parked WHERE directory = $1 AND key = ANY($2::text[]) AND \(Ledger.inTerm(3))",
      [directory, SQLText.array(keys), term])
  }

  /// Makes parked keys due at once, with their attempts reset; no keys means all of them.
  ///
  /// - Parameter actor: the requesting person, for the journal; nil for the daemon itself, which adds no row.
  /// - Returns: those that were parked.
  @discardableResult
  package func releaseParked(
    _ keys: [RosterKey], actor: String? = nil, because: String? = nil
  ) async throws(EngineError) -> [RosterKey] {
    let result = try await database.query(
      """
      WITH released AS (
        UPDATE rollcall.parked SET next_at = now(), attempts = 0
        WHERE directory = $1 AND ($2::text[] = '{}' OR key = ANY($2::text[])) RETURNING key, reason),
      wanted AS (SELECT * FROM released WHERE $3::text IS NOT NULL),
      \(Ledger.noting("retry", of: "wanted", ["key": "key", "message": "reason", "actor": "$3", "because": "$4::text"]))
      SELECT key, (SELECT count(*) FROM told) FROM released
      """, [directory, SQLText.array(keys), actor, because])
    return (0..<result.rowCount).compactMap { result.key($0, 0) }
  }

  /// The parked keys with their attempts, and the cause that each waits for.
  func parked() async throws(EngineError) -> [(
    key: RosterKey, attempts: Int, blocks: String?, reason: String, message: String
  )] {
    let result = try await database.query(
      "SELECT key, attempts, blocks, reason, message FROM rollcall.parked WHERE directory = $1", [directory])
    return (0..<result.rowCount).map {
      (
        result.key($0, 0) ?? "", result.int($0, 1) ?? 0, result.text($0, 2), result.text($0, 3) ?? "",
        result.text($0, 4) ?? ""
      )
    }
  }

  /// The parked keys that are due, and the seconds until the next one is.
  package func due() async throws(EngineError) -> (keys: [RosterKey], next: Double?) {
    let result = try await database.query(
      """
      SELECT key, greatest(extract(epoch FROM next_at - now()), 0) FROM rollcall.parked
      WHERE directory = $1 AND next_at IS NOT NULL ORDER BY next_at LIMIT \(Ledger.mostDue)
      """, [directory])
    var keys: [RosterKey] = []
    for row in 0..<result.rowCount {
      let wait = result.double(row, 1) ?? 0
      if wait > 0 { return (keys, wait) }
      keys.append(result.key(row, 0) ?? "")
    }
    // There may be more of them.
    return (keys, result.rowCount == Ledger.mostDue ? 1 : nil)
  }

  /// The number of parked keys, and of removals that wait for a person.
  package func counts() async throws(EngineError) -> (parked: Int, held: Int) {
    let result = try await database.query(
      """
      SELECT (SELECT count(*) FROM rollcall.parked WHERE directory = $1),
        (SELECT count(*) FROM rollcall.held WHERE directory = $1 AND NOT approved)
      """, [directory])
    return (result.int(0, 0) ?? 0, result.int(0, 1) ?? 0)
  }

  // MARK: Disabled

  /// Records the keys that Rollcall is about to disable, before this is sent to the directory.
  func recordDisabled(_ keys: [RosterKey]) async throws(EngineError) {
    if keys.isEmpty { return }
    try await database.query(
      """
      INSERT INTO rollcall.disabled (directory, key) SELECT $1, unnest($2::text[])
      ON CONFLICT DO NOTHING
      """, [directory, SQLText.array(keys)])
  }

  func clearDisabled(_ keys: [RosterKey]) async throws(EngineError) {
    if keys.isEmpty { return }
    try await database.query(
      "DELETE FROM rollcall.disabled WHERE directory = $1 AND key = ANY($2::text[])",
      [directory, SQLText.array(keys)])
  }
}
