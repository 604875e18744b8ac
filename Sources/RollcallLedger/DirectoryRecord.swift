internal import Postgres

/// The row of `rollcall.directory`.
package struct DirectoryRecord: Sendable {
  package var watermark: String?
  package var system: String?
  package var timeline: String?
  package var fingerprint: String?
  /// The fingerprint of the last comparison whose removals were decided.
  package var compared: String?
  package var server: String?
  package var base: String?
  /// The digest of the triggers at the last start or comparison; nil if none was recorded.
  package var capture: String?
  /// Seconds since the last completed reconcile; nil if there was none.
  package var sinceReconcile: Double?
  /// The process that leads, or that led and did not shut down cleanly, and since when, as text.
  package var leader: String?
  package var leadingSince: String?
  package var condition: DirectoryCondition
  /// Whether the entries of this directory are ours and are still to be recorded.
  package var isRecording: Bool
  /// The instant up to which rows whose dates have passed were looked at, as text; nil if none was stored.
  package var dueAt: String?
  /// Seconds since the log was last looked at, by the database's clock; nil if it never was.
  package var unseen: Double?
  /// Whether the watermark lies in this database's future, as after a restore of an old backup.
  package var isFuture: Bool

  /// Whether the database may lack the ledger's last commits: a promoted standby, a restored backup.
  package func hasLost(to identity: DatabaseIdentity) -> Bool {
    guard let system, let timeline else { return false }
    return system != identity.system || timeline != identity.timeline || isFuture
  }

  /// The subject of its leader's lock; nil before the first connection.
  package var subject: String? {
    guard let server, let base else { return nil }
    return Leader.subject(server: server, base: base)
  }
}

extension Ledger {
  /// The directory's row; nil before its first run.
  package func record() async throws(EngineError) -> DirectoryRecord? {
    let result = try await database.query(
      """
      SELECT watermark::text, system_identifier, timeline, fingerprint, server, base,
        extract(epoch FROM clock_timestamp() - last_reconcile), leader, leader_since::text, state, reason,
        coalesce(pg_snapshot_xmax(watermark) > pg_snapshot_xmax(pg_current_snapshot()), false), capture, compared,
        recording, due_at::text, extract(epoch FROM clock_timestamp() - looked_at)
      FROM rollcall.directory WHERE name = $1
      """, [directory])
    if result.isEmpty { return nil }
    return DirectoryRecord(
      watermark: result.text(0, 0), system: result.text(0, 1), timeline: result.text(0, 2),
      fingerprint: result.text(0, 3), compared: result.text(0, 13), server: result.text(0, 4), base: result.text(0, 5),
      capture: result.text(0, 12),
      sinceReconcile: result.double(0, 6), leader: result.text(0, 7), leadingSince: result.text(0, 8),
      condition: DirectoryCondition(state: result.text(0, 9) ?? "", reason: result.text(0, 10)),
      isRecording: result.bool(0, 14), dueAt: result.text(0, 15), unseen: result.double(0, 16),
      isFuture: result.bool(0, 11))
  }

  /// Records the database, server and mapping of the next watermark.
  ///
  /// - Parameters:
  ///   - keepWatermark: whether the stored one is still valid; otherwise there is none until the reconcile ends.
  ///   - keepsJournal: how long rows of the journal are kept; nil keeps the recorded value.
  ///   - deletesAfter: how long after its row is gone a disabled entry is deleted; nil: never.
  ///   - isLoss: whether the ledger may lack entries, so that the next comparison records them.
  package func begin(
    _ identity: DatabaseIdentity, fingerprint: String, server: String, base: String, capture: String,
    keepWatermark: Bool, isLoss: Bool, keepsJournal: Duration?, deletesAfter: Duration? = nil
  ) async throws(EngineError) {
    try await database.query(
      """
      INSERT INTO rollcall.directory AS d
        (name, system_identifier, timeline, fingerprint, server, base, capture, journal_keep, delete_after)
      VALUES ($1, $2, $3, $4, $5, $6, $8, $10::float8 * interval '1 second', $11::float8 * interval '1 second')
      ON CONFLICT (name) DO UPDATE SET system_identifier = excluded.system_identifier,
        timeline = excluded.timeline, fingerprint = excluded.fingerprint, server = excluded.server,
        base = excluded.base, capture = excluded.capture, watermark = CASE WHEN $7::boolean THEN d.watermark END,
        recording = d.recording OR $9::boolean AND d.last_reconcile IS NOT NULL,
        journal_keep = coalesce(excluded.journal_keep, d.journal_keep), delete_after = excluded.delete_after
      """,
      [
        directory, identity.system, identity.timeline, fingerprint, server, base, keepWatermark ? "t" : "f", capture,
        isLoss ? "t" : "f", keepsJournal.map { "\($0 / .seconds(1))" }, deletesAfter.map { "\($0 / .seconds(1))" },
      ])
  }

  /// The other directory names, their normalized bases, and the unique ids of those.
  package func others() async throws(EngineError) -> [(name: String, base: String, server: String, urls: [String])] {
    let result = try await database.query(
      """
      SELECT d.name, d.base, d.server, (SELECT string_agg(s.url, ' ') FROM rollcall.server AS s WHERE s.directory = d.name)
      FROM rollcall.directory AS d
      WHERE d.name <> $1 AND d.server IS NOT NULL AND d.base IS NOT NULL ORDER BY d.name
      """, [directory])
    return (0..<result.rowCount).map {
      let urls = result.text($0, 3)?.split(separator: " ").map(String.init) ?? []
      return (result.text($0, 0) ?? "", result.text($0, 1) ?? "", result.text($0, 2) ?? "", urls)
    }
  }

  /// Releases a base that was never written to.
  package func giveUpBase() async throws(EngineError) {
    try await database.query(
      "UPDATE rollcall.directory SET server = NULL, base = NULL, watermark = NULL WHERE name = $1", [directory])
  }

  /// - Parameters:
  ///   - capture: the digest of the triggers when the comparison began; nil keeps the recorded value.
  ///   - silent: the transaction up to which all had ended by then, if there was one to wait for.
  ///   - isRecorded: whether every entry of ours has been recorded.
  package func noteReconcile(capture: String?, silent: String?, isRecorded: Bool) async throws(EngineError) {
    try await database.query(
      """
      UPDATE rollcall.directory SET last_reconcile = now(), compared = fingerprint, recording = recording AND NOT $3::boolean,
        capture = coalesce($2, capture), silent = nullif(silent, $4::xid8)
      WHERE name = $1
      """, [directory, capture, isRecorded ? "t" : "f", silent])
  }

  /// Records the state of the directory for `status`.
  package func note(_ condition: DirectoryCondition) async throws(EngineError) {
    try await database.query(
      """
      INSERT INTO rollcall.directory AS d (name, state, reason, since) VALUES ($1, $2, $3, now())
      ON CONFLICT (name) DO UPDATE SET state = excluded.state, reason = excluded.reason,
        since = CASE WHEN d.state IS DISTINCT FROM excluded.state THEN now() ELSE d.since END
      WHERE d.state IS DISTINCT FROM excluded.state OR d.reason IS DISTINCT FROM excluded.reason
      """, [directory, condition.state, condition.reason], timeout: .seconds(10))
  }

  /// Records the number of unsettled items for `status`, and the snapshot beyond which they were not counted.
  package func note(unsettled: Int, countedTo snapshot: String) async throws(EngineError) {
    try await database.execute(
      "unsettled",
      """
      WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
      UPDATE rollcall.directory SET unsettled = $2, counted_to = $3::pg_snapshot, counted_at = clock_timestamp()
      FROM quick WHERE name = $1
      """, [directory, "\(unsettled)", snapshot])
  }

  /// Records the leader.
  ///
  /// - Returns: the start of its term, as text.
  package func note(leader: String) async throws(EngineError) -> String? {
    let result = try await database.query(
      """
      UPDATE rollcall.directory SET leader = $2, leader_since = clock_timestamp()
      WHERE name = $1 RETURNING leader_since::text
      """, [directory, leader], timeout: .seconds(10))
    return result.isEmpty ? nil : result.text(0, 0)
  }

  /// Records that the leader of this term has shut down cleanly and has nothing in flight.
  package func noteEnd(ofTermSince since: String) async throws(EngineError) {
    try await database.query(
      """
      UPDATE rollcall.directory SET leader = NULL, leader_since = NULL WHERE name = $1 AND leader_since::text = $2
      """, [directory, since], timeout: .seconds(10))
  }

  /// The version of the schema `rollcall`; nil if it is not installed.
  package func schemaVersion() async throws(EngineError) -> Int? {
    let exists = try await database.query("SELECT to_regclass('rollcall.version') IS NOT NULL")
    guard exists.bool(0, 0) else { return nil }
    return try await database.query("SELECT max(version) FROM rollcall.version").int(0, 0)
  }

  /// Checks that the schema is installed, in a version that this program supports.
  package func requireInstalled() async throws(EngineError) {
    let found: Int?
    do throws(EngineError) { found = try await schemaVersion() } catch {
      guard case .database(let refusal) = error, refusal.sqlState == "42501" else { throw error }
      throw .refused(
        "the database role of source.connection lacks rights on the schema \"rollcall\" (\(refusal.message)); "
          + "run: rollcall install")
    }
    guard let version = found else {
      throw .refused("the schema \"rollcall\" is not installed in this database; run: rollcall install")
    }
    if version < SQLScripts.version {
      throw .refused(
        "the schema \"rollcall\" is of version \(version), this program needs \(SQLScripts.version); "
          + "run: rollcall install")
    }
    try refuseNewer(version)
  }

  /// Why this program may not go on, where somebody has upgraded the schema; nil also where that cannot be asked now.
  package func newerSchema() async -> EngineError? {
    guard let version = try? await schemaVersion() else { return nil }
    do throws(EngineError) { try refuseNewer(version) } catch { return error }
    return nil
  }

  /// - Throws: ``EngineError/refused(_:)`` if the schema is newer than this program.
  package func refuseNewer(_ version: Int?) throws(EngineError) {
    guard let version, version > SQLScripts.version else { return }
    throw .refused(
      "the schema \"rollcall\" is of version \(version), newer than this program knows (\(SQLScripts.version)); "
        + "upgrade the program")
  }
}
