internal import Postgres

/// The row of `rollcall.directory`.
package struct DirectoryRecord: Sendable {
  package var watermark: String?
  package var system: String?
  package var timeline: String?
  package var fingerprint: String?
  /// That of the last comparison whose removals were decided.
  package var compared: String?
  package var server: String?
  package var base: String?
  /// What the triggers were like at the last start or comparison; nil where nobody has noted it.
  package var capture: String?
  /// Seconds since the last completed reconcile; nil if there was none.
  package var sinceReconcile: Double?
  /// The process that leads, or led and did not end in order, and since when, as text.
  package var leader: String?
  package var leadingSince: String?
  package var condition: DirectoryCondition
  /// The entries of this directory are ours and are still to be written down.
  package var isRecording: Bool
  /// Whether the watermark lies in this database's future, as after a restore of an old backup.
  package var isFuture: Bool

  /// Whether the database is one that may lack the ledger's last commits: a promoted standby, a restored backup.
  package func hasLost(to identity: DatabaseIdentity) -> Bool {
    guard let system, let timeline else { return false }
    return system != identity.system || timeline != identity.timeline || isFuture
  }

  /// What its leader's lock is for; nil before the first connection.
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
        recording
      FROM rollcall.directory WHERE name = $1
      """, [directory])
    if result.isEmpty { return nil }
    return DirectoryRecord(
      watermark: result.text(0, 0), system: result.text(0, 1), timeline: result.text(0, 2),
      fingerprint: result.text(0, 3), compared: result.text(0, 13), server: result.text(0, 4), base: result.text(0, 5),
      capture: result.text(0, 12),
      sinceReconcile: result.double(0, 6), leader: result.text(0, 7), leadingSince: result.text(0, 8),
      condition: DirectoryCondition(state: result.text(0, 9) ?? "", reason: result.text(0, 10)),
      isRecording: result.bool(0, 14), isFuture: result.bool(0, 11))
  }

  /// Writes down which database, server and mapping the watermark to come belongs to.
  ///
  /// - Parameters:
  ///   - keepWatermark: whether the stored one still holds; otherwise there is none until the reconcile ends.
  ///   - keepsJournal: how long rows of the journal are kept; nil leaves what is noted.
  ///   - isLoss: the ledger may lack entries, so the next comparison writes them down.
  package func begin(
    _ identity: DatabaseIdentity, fingerprint: String, server: String, base: String, capture: String,
    keepWatermark: Bool, isLoss: Bool, keepsJournal: Duration?
  ) async throws(EngineError) {
    try await database.query(
      """
      INSERT INTO rollcall.directory AS d
        (name, system_identifier, timeline, fingerprint, server, base, capture, journal_keep)
      VALUES ($1, $2, $3, $4, $5, $6, $8, $10::float8 * interval '1 second')
      ON CONFLICT (name) DO UPDATE SET system_identifier = excluded.system_identifier,
        timeline = excluded.timeline, fingerprint = excluded.fingerprint, server = excluded.server,
        base = excluded.base, capture = excluded.capture, watermark = CASE WHEN $7::boolean THEN d.watermark END,
        recording = d.recording OR $9::boolean AND d.last_reconcile IS NOT NULL,
        journal_keep = coalesce(excluded.journal_keep, d.journal_keep)
      """,
      [
        directory, identity.system, identity.timeline, fingerprint, server, base, keepWatermark ? "t" : "f", capture,
        isLoss ? "t" : "f", keepsJournal.map { "\($0 / .seconds(1))" },
      ])
  }

  /// The other directory names, their bases, normalised, and the unique ids of those.
  package func others() async throws(EngineError) -> [(name: String, base: String, server: String)] {
    let result = try await database.query(
      """
      SELECT name, base, server FROM rollcall.directory
      WHERE name <> $1 AND server IS NOT NULL AND base IS NOT NULL ORDER BY name
      """, [directory])
    return (0..<result.rowCount).map {
      (result.text($0, 0) ?? "", result.text($0, 1) ?? "", result.text($0, 2) ?? "")
    }
  }

  /// Gives a base up again that was never written to.
  package func giveUpBase() async throws(EngineError) {
    try await database.query(
      "UPDATE rollcall.directory SET server = NULL, base = NULL, watermark = NULL WHERE name = $1", [directory])
  }

  /// - Parameters:
  ///   - capture: what the triggers were like when the comparison began; nil leaves what is noted.
  ///   - silent: the transaction up to which all had ended then, where that was waited for.
  ///   - isRecorded: whether every entry that is ours has been written down.
  package func noteReconcile(capture: String?, silent: String?, isRecorded: Bool) async throws(EngineError) {
    try await database.query(
      """
      UPDATE rollcall.directory SET last_reconcile = now(), compared = fingerprint, recording = recording AND NOT $3::boolean,
        capture = coalesce($2, capture), silent = nullif(silent, $4::xid8)
      WHERE name = $1
      """, [directory, capture, isRecorded ? "t" : "f", silent])
  }

  /// Says for `status` how the directory is.
  package func note(_ condition: DirectoryCondition) async throws(EngineError) {
    try await database.query(
      """
      INSERT INTO rollcall.directory AS d (name, state, reason, since) VALUES ($1, $2, $3, now())
      ON CONFLICT (name) DO UPDATE SET state = excluded.state, reason = excluded.reason,
        since = CASE WHEN d.state IS DISTINCT FROM excluded.state THEN now() ELSE d.since END
      WHERE d.state IS DISTINCT FROM excluded.state OR d.reason IS DISTINCT FROM excluded.reason
      """, [directory, condition.state, condition.reason], timeout: .seconds(10))
  }

  /// Writes down how much has not settled, for `status`, and the snapshot beyond which that was not counted.
  package func note(unsettled: Int, countedTo snapshot: String) async throws(EngineError) {
    try await database.execute(
      "unsettled",
      """
      WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
      UPDATE rollcall.directory SET unsettled = $2, counted_to = $3::pg_snapshot, counted_at = clock_timestamp()
      FROM quick WHERE name = $1
      """, [directory, "\(unsettled)", snapshot])
  }

  /// Writes down who leads.
  ///
  /// - Returns: since when, as text.
  package func note(leader: String) async throws(EngineError) -> String? {
    let result = try await database.query(
      """
      UPDATE rollcall.directory SET leader = $2, leader_since = clock_timestamp()
      WHERE name = $1 RETURNING leader_since::text
      """, [directory, leader], timeout: .seconds(10))
    return result.isEmpty ? nil : result.text(0, 0)
  }

  /// Writes down that the one who has led since then has ended in order and has nothing on its way.
  package func noteEnd(ofTermSince since: String) async throws(EngineError) {
    try await database.query(
      """
      UPDATE rollcall.directory SET leader = NULL, leader_since = NULL WHERE name = $1 AND leader_since::text = $2
      """, [directory, since], timeout: .seconds(10))
  }

  /// The version of the schema `rollcall`; nil where it is not installed.
  package func schemaVersion() async throws(EngineError) -> Int? {
    let exists = try await database.query("SELECT to_regclass('rollcall.version') IS NOT NULL")
    guard exists.bool(0, 0) else { return nil }
    return try await database.query("SELECT max(version) FROM rollcall.version").int(0, 0)
  }

  /// Checks that the database is ours to use: installed, and of a version that this program knows.
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

  /// - Throws: ``EngineError/refused(_:)`` where the schema is newer than this program.
  package func refuseNewer(_ version: Int?) throws(EngineError) {
    guard let version, version > SQLScripts.version else { return }
    throw .refused(
      "the schema \"rollcall\" is of version \(version), newer than this program knows (\(SQLScripts.version)); "
        + "upgrade the program")
  }
}
