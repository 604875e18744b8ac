internal import Postgres
package import RollcallCore

/// What the ledger has of a person whose row names another one.
package struct ReferenceRecord: Sendable, Equatable {
  /// A digest of the other's DN when the person was last looked at; nil: there was no entry.
  package var name: String?
  /// The mark that the other has changed since; nil if it has not.
  package var due: String?

  package init(name: String? = nil, due: String? = nil) {
    self.name = name
    self.due = due
  }
}

/// One row of `rollcall.reference`.
package struct ReferenceRow: Sendable {
  package var key: RosterKey
  package var target: RosterKey
  package var record: ReferenceRecord

  package init(key: RosterKey, target: RosterKey, record: ReferenceRecord) {
    self.key = key
    self.target = target
    self.record = record
  }
}

extension Ledger {
  /// Records whom these people name, before the others' entries are looked for, and returns what was recorded before.
  ///
  /// - Parameter new: pairs that may be missing.
  package func references(
    of keys: [RosterKey], adding new: [(key: RosterKey, target: RosterKey)] = []
  ) async throws(EngineError) -> [ReferenceRow] {
    if keys.isEmpty { return [] }
    let found = try await database.query(
      """
      WITH new AS (INSERT INTO rollcall.reference (directory, key, target)
        SELECT $1, x.key, x.target FROM unnest($3::text[], $4::text[]) AS x(key, target)
        ON CONFLICT DO NOTHING)
      SELECT x.key, r.target, r.name, r.due FROM (SELECT DISTINCT unnest($2::text[]) AS key) AS x,
        LATERAL (SELECT target, name, due FROM rollcall.reference WHERE directory = $1 AND key = x.key OFFSET 0) AS r
      """,
      [directory, SQLText.array(keys), SQLText.array(new.map(\.key)), SQLText.array(new.map(\.target))])
    return (0..<found.rowCount).map { row in
      ReferenceRow(
        key: found.key(row, 0) ?? "", target: found.key(row, 1) ?? "",
        record: ReferenceRecord(name: found.text(row, 2), due: found.text(row, 3)))
    }
  }

  /// Records the names that people were looked at with.
  ///
  /// - Parameter rows: what is known now; `due` is the mark that this look answers: a newer one stays.
  package func noteReferences(_ rows: [ReferenceRow]) async throws(EngineError) {
    if rows.isEmpty { return }
    try await database.query(
      """
      UPDATE rollcall.reference AS r SET name = x.name, due = CASE WHEN r.due = x.due THEN NULL ELSE r.due END
      FROM unnest($2::text[], $3::text[], $4::text[], $5::xid8[]) AS x(key, target, name, due)
      WHERE r.directory = $1 AND r.key = x.key AND r.target = x.target
      """,
      [
        directory, SQLText.array(rows.map(\.key)), SQLText.array(rows.map(\.target)),
        SQLText.array(rows.map(\.record.name)), SQLText.array(rows.map(\.record.due)),
      ])
  }

  /// Deletes what is recorded of people who name others no longer.
  package func forgetReferences(_ pairs: [(key: RosterKey, target: RosterKey)]) async throws(EngineError) {
    if pairs.isEmpty { return }
    try await database.query(
      """
      DELETE FROM rollcall.reference AS r USING unnest($2::text[], $3::text[]) AS x(key, target)
      WHERE r.directory = $1 AND r.key = x.key AND r.target = x.target
      """, [directory, SQLText.array(pairs.map(\.key)), SQLText.array(pairs.map(\.target))])
  }

  /// Marks everybody who names one of these people and was looked at while that one had another DN. Whoever is marked
  /// already is marked anew: a look that is under way may have seen a DN between the two.
  ///
  /// - Parameters:
  ///   - names: digests of their DNs; nil: there is no entry.
  ///   - limit: how many people are returned at most.
  /// - Returns: those who were marked, each with one whom it names, and how many there are.
  package func markReferrers(
    to names: [(target: RosterKey, name: String?)], limit: Int
  ) async throws(EngineError) -> (people: [(key: RosterKey, target: RosterKey)], count: Int) {
    if names.isEmpty { return ([], 0) }
    let found = try await database.query(
      """
      WITH marked AS (UPDATE rollcall.reference AS r SET due = pg_current_xact_id()
        FROM unnest($2::text[], $3::text[]) AS x(target, name)
        WHERE r.directory = $1 AND r.target = x.target AND (r.name IS DISTINCT FROM x.name OR r.due IS NOT NULL)
        RETURNING r.key, r.target),
      people AS (SELECT key, min(target) AS target FROM marked GROUP BY key)
      SELECT key, target, count(*) OVER () FROM people LIMIT \(limit)
      """, [directory, SQLText.array(names.map(\.target)), SQLText.array(names.map(\.name))])
    let people = (0..<found.rowCount).map { (key: found.key($0, 0) ?? "", target: found.key($0, 1) ?? "") }
    return (people, found.isEmpty ? 0 : found.int(0, 2) ?? 0)
  }

  /// Everybody who names one of these people.
  package func referrers(to targets: [RosterKey]) async throws(EngineError) -> [RosterKey] {
    let found = try await database.query(
      "SELECT DISTINCT key FROM rollcall.reference WHERE directory = $1 AND target = ANY ($2::text[]) ORDER BY key",
      [directory, SQLText.array(targets)])
    return (0..<found.rowCount).compactMap { found.key($0, 0) }
  }

  /// A page of the people who are to be looked at because others have changed, in the order of their keys.
  package func dueReferrers(after key: RosterKey?, limit: Int) async throws(EngineError) -> [RosterKey] {
    let found = try await database.query(
      """
      SELECT DISTINCT key FROM rollcall.reference WHERE directory = $1 AND due IS NOT NULL
        AND ($2::text IS NULL OR key > $2) ORDER BY key LIMIT \(limit)
      """, [directory, key?.text])
    return (0..<found.rowCount).compactMap { found.key($0, 0) }
  }
}
