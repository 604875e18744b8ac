internal import LDAPModel
internal import Postgres
internal import RollcallCore

/// An entry or a group that Rollcall did not create and that waits for a person's decision.
package struct HeldTakeover: Sendable, Equatable {
  var dn: String
  package var isApproved: Bool
}

extension Ledger {
  // MARK: Known entries

  /// The ids of the known entries of these keys.
  ///
  /// One look into the index for each: before a table is analyzed, `key = ANY` makes PostgreSQL take all entries of the
  /// directory and compare each with the keys.
  func known(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: String] {
    let result = try await database.execute(
      "known",
      """
      SELECT x.key, e.entry_id FROM unnest($2::text[]) AS x(key),
        LATERAL (SELECT entry_id FROM rollcall.entry WHERE directory = $1 AND key = x.key LIMIT 1) AS e
      """, [directory, SQLText.array(keys)])
    var known: [RosterKey: String] = [:]
    for row in 0..<result.rowCount { known[result.key(row, 0) ?? ""] = result.text(row, 1) ?? "" }
    return known
  }

  /// Records which entries belong to which keys, on the server's disk.
  ///
  /// - Parameter rows: rows of `rollcall.making` of which no add is open any more.
  func record(_ entries: [RosterKey: String], made rows: [Int] = []) async throws(EngineError) {
    if entries.isEmpty, rows.isEmpty { return }
    let pairs = Array(entries)
    try await database.query(
      """
      WITH safe AS MATERIALIZED (SELECT set_config('synchronous_commit', 'local', true)),
        made AS (DELETE FROM rollcall.making WHERE id = ANY ($4::bigint[]))
      INSERT INTO rollcall.entry AS e (directory, key, entry_id)
      SELECT $1, x.key, x.id FROM safe, unnest($2::text[], $3::text[]) AS x(key, id)
      ON CONFLICT (directory, key) DO UPDATE SET entry_id = excluded.entry_id
      WHERE e.entry_id <> excluded.entry_id
      """,
      [
        directory, SQLText.array(pairs.map(\.key)), SQLText.array(pairs.map(\.value)),
        SQLText.array(rows.map { "\($0)" }),
      ])
  }

  // MARK: Adds

  /// Records adds that are about to be sent.
  ///
  /// The record is on disk before they are sent: otherwise, after a crash of the database and a change of leader,
  /// their entries would count as a stranger's. A standby that lacks it has lost commits, which its timeline shows.
  /// - Returns: the row's number.
  func beginMaking(_ entries: [MadeEntry]) async throws(EngineError) -> Int {
    let result = try await database.execute(
      "making",
      """
      WITH safe AS MATERIALIZED (SELECT set_config('synchronous_commit', 'local', true))
      INSERT INTO rollcall.making (directory, keys, names) SELECT $1, $2::text[], $3::text[] FROM safe RETURNING id
      """, [directory, SQLText.array(entries.map(\.key)), SQLText.array(entries.map(\.name))])
    return result.int(0, 0) ?? 0
  }

  func making() async throws(EngineError) -> [Int: [MadeEntry]] {
    let result = try await database.query(
      """
      SELECT m.id, x.key, x.name FROM rollcall.making AS m, unnest(m.keys, m.names) AS x(key, name)
      WHERE m.directory = $1
      """, [directory])
    var rows: [Int: [MadeEntry]] = [:]
    for row in 0..<result.rowCount {
      let entry = MadeEntry(key: result.key(row, 1) ?? "", name: result.text(row, 2) ?? "")
      rows[result.int(row, 0) ?? 0, default: []].append(entry)
    }
    return rows
  }

  // MARK: Takeovers

  func takeovers() async throws(EngineError) -> [RosterKey: HeldTakeover] {
    let result = try await database.query(
      "SELECT subject, dn, approved FROM rollcall.held WHERE directory = $1 AND action = $2",
      [directory, Takeover.action])
    var held: [RosterKey: HeldTakeover] = [:]
    for row in 0..<result.rowCount {
      held[result.key(row, 0) ?? ""] = HeldTakeover(dn: result.text(row, 1) ?? "", isApproved: result.bool(row, 2))
    }
    return held
  }

  /// Records takeovers that wait for a person's decision; a takeover whose entry has changed loses its approval.
  func hold(_ takeovers: [Takeover]) async throws(EngineError) {
    if takeovers.isEmpty { return }
    try await database.query(
      """
      INSERT INTO rollcall.held AS h (directory, subject, action, dn, reason)
      SELECT DISTINCT ON (x.subject) $1, x.subject, $2, x.dn, 'Rollcall did not make it'
      FROM unnest($3::text[], $4::text[]) AS x(subject, dn) WHERE \(Ledger.inTerm(5))
      ON CONFLICT (directory, action, subject) DO UPDATE SET dn = excluded.dn,
        since = CASE WHEN h.dn = excluded.dn THEN h.since ELSE now() END, approved = h.approved AND h.dn = excluded.dn
      """,
      [
        directory, Takeover.action, SQLText.array(takeovers.map(\.subject)), SQLText.array(takeovers.map(\.dn.text)),
        term,
      ])
  }

  /// Deletes takeovers: they were released and carried out, or there is nothing to take over any more.
  func unhold(takeovers subjects: [RosterKey]) async throws(EngineError) {
    if subjects.isEmpty { return }
    try await database.query(
      """
      DELETE FROM rollcall.held
      WHERE directory = $1 AND action = $2 AND subject = ANY ($3::text[]) AND \(Ledger.inTerm(4))
      """, [directory, Takeover.action, SQLText.array(subjects), term])
  }
}
