internal import LDAPModel
internal import Postgres
package import RollcallCore

/// A removal that waits for a person's decision.
package struct HeldRemoval: Sendable, Equatable {
  package var action: Removal.Action
  package var dn: String
  package var isApproved: Bool
}

extension Ledger {
  /// SQL for the held actions of a kind; each key has one at most.
  private static func actions(_ kind: RemovalKind) -> String {
    kind == .people ? "h.action IN ('delete', 'disable')" : "h.action = 'leave'"
  }

  /// Records removals that are about to be applied, before they are sent to the directory; by the database's clock.
  package func spend(_ removals: [Removal], _ kind: RemovalKind) async throws(EngineError) {
    if removals.isEmpty { return }
    switch kind {
    case .people:
      try await database.query(
        "INSERT INTO rollcall.removal (directory, key, at) SELECT $1, unnest($2::text[]), now()",
        [directory, SQLText.array(removals.map(\.key))])
    case .memberships:
      let (keys, groups) = Ledger.memberships(of: removals)
      try await database.query(
        """
        INSERT INTO rollcall.leaving (directory, key, group_id)
        SELECT DISTINCT $1, x.key, md5(x.name) FROM unnest($2::text[], $3::text[]) AS x(key, name)
        ON CONFLICT (directory, key, group_id) DO UPDATE SET at = now()
        """, [directory, keys, groups])
    }
  }

  /// Moves the times of removals with a clock that was set: those of before a jump ahead by as much, and those that
  /// would be in the future after a jump back.
  package func moveRemovals(by seconds: Double) async throws(EngineError) {
    // A minute: the jump is known as exactly as statements are quick.
    let (moved, earlier) = (
      "at + $2::float8 * interval '1 second'",
      """
      directory = $1 AND at > CASE WHEN $2::float8 < 0 THEN clock_timestamp() ELSE '-infinity' END
        AND at <= clock_timestamp() + interval '1 minute' - $2::float8 * interval '1 second'
      """
    )
    try await database.query(
      """
      WITH memberships AS (UPDATE rollcall.leaving SET at = \(moved) WHERE \(earlier))
      UPDATE rollcall.removal SET at = \(moved) WHERE \(earlier)
      """, [directory, "\(seconds)"])
  }

  /// Parallel array literals of keys and groups.
  private static func memberships(of removals: [Removal]) -> (keys: String, groups: String) {
    let pairs = removals.flatMap { removal in removal.groups.map { (removal.key, $0) } }
    return (SQLText.array(pairs.map(\.0.text)), SQLText.array(pairs.map(\.1)))
  }

  /// The part of the budget that was spent within a period.
  package struct Spending: Sendable {
    /// People who were removed; or memberships.
    package var all = 0
    /// Those people whose entries still exist, disabled.
    package var disabled = 0
    /// How many of the requested removals are included: a removal that is repeated after a crash is already charged.
    package var paid = 0
  }

  /// Removals recorded within this number of seconds.
  ///
  /// - Parameter forgetting: whether older ones are deleted.
  package func spending(
    within seconds: Double, of removals: [Removal], _ kind: RemovalKind, forgetting: Bool = true
  ) async throws(EngineError) -> Spending {
    let table = kind == .people ? "removal" : "leaving"
    let old =
      forgetting
      ? "old AS (DELETE FROM rollcall.\(table) WHERE directory = $1 AND at < now() - $2::float8 * interval '1 second'),"
      : ""
    let recent = "FROM rollcall.\(table) WHERE directory = $1 AND at >= now() - $2::float8 * interval '1 second'"
    if kind == .memberships {
      let (keys, groups) = Ledger.memberships(of: removals)
      let result = try await database.query(
        """
        WITH \(old) recent AS (SELECT key, group_id \(recent)), x AS (
          SELECT DISTINCT x.key, md5(x.name) AS group_id FROM unnest($3::text[], $4::text[]) AS x(key, name))
        SELECT count(*), count(*) FILTER (WHERE (key, group_id) IN (SELECT key, group_id FROM x)) FROM recent
        """, [directory, "\(seconds)", keys, groups])
      return Spending(all: result.int(0, 0) ?? 0, paid: result.int(0, 1) ?? 0)
    }
    let result = try await database.query(
      """
      WITH \(old) recent AS (SELECT DISTINCT key \(recent))
      SELECT count(*), count(*) FILTER (WHERE EXISTS (
          SELECT FROM rollcall.disabled AS d WHERE d.directory = $1 AND d.key = r.key)),
        count(*) FILTER (WHERE key = ANY ($3::text[]))
      FROM recent AS r
      """, [directory, "\(seconds)", SQLText.array(removals.map(\.key))])
    return Spending(
      all: result.int(0, 0) ?? 0, disabled: result.int(0, 1) ?? 0, paid: result.int(0, 2) ?? 0)
  }

  /// Records removals that wait for a person's decision; one whose action has changed loses its approval.
  ///
  /// - Parameters:
  ///   - kind: the kind of all of them.
  ///   - reason: the reason for `status`; nil keeps the current one.
  func hold(_ removals: [Removal], _ kind: RemovalKind, because reason: String?) async throws(EngineError) {
    if removals.isEmpty { return }
    try await database.query(
      """
      WITH x AS (SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS x(key, action, dn, reason)
        WHERE \(Ledger.inTerm(6))),
      other AS (DELETE FROM rollcall.held AS h USING x
        WHERE h.directory = $1 AND h.subject = x.key AND h.action <> x.action AND \(Ledger.actions(kind)))
      INSERT INTO rollcall.held AS h (directory, subject, action, dn, since, approved, reason)
      SELECT $1, x.key, x.action, x.dn, now(), false, nullif(x.reason, '') FROM x
      ON CONFLICT (directory, action, subject) DO UPDATE SET dn = excluded.dn,
        reason = coalesce(excluded.reason, h.reason)
      """,
      [
        directory, SQLText.array(removals.map(\.key)), SQLText.array(removals.map(\.action.rawValue)),
        SQLText.array(removals.map(\.dn.text)), SQLText.array(removals.map { $0.explanation(reason) }), term,
      ])
  }

  /// Deletes holds: they were released and applied, or their rows came back.
  func unhold(_ keys: [RosterKey], _ kind: RemovalKind) async throws(EngineError) {
    if keys.isEmpty { return }
    try await database.query(
      """
      DELETE FROM rollcall.held AS h
      WHERE directory = $1 AND subject = ANY($2::text[]) AND \(Ledger.actions(kind)) AND \(Ledger.inTerm(3))
      """,
      [directory, SQLText.array(keys), term])
  }

  func held(_ kind: RemovalKind) async throws(EngineError) -> [RosterKey: HeldRemoval] {
    let result = try await database.query(
      "SELECT subject, action, dn, approved FROM rollcall.held AS h WHERE directory = $1 AND \(Ledger.actions(kind))",
      [directory])
    var held: [RosterKey: HeldRemoval] = [:]
    for row in 0..<result.rowCount {
      held[result.key(row, 0) ?? ""] = HeldRemoval(
        action: Removal.Action(rawValue: result.text(row, 1) ?? "") ?? .delete, dn: result.text(row, 2) ?? "",
        isApproved: result.bool(row, 3))
    }
    return held
  }

  func allDisabled() async throws(EngineError) -> Set<RosterKey> {
    let result = try await database.query("SELECT key FROM rollcall.disabled WHERE directory = $1", [directory])
    return Set((0..<result.rowCount).compactMap { result.key($0, 0) })
  }
}
