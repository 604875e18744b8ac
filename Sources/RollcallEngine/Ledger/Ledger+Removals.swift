internal import LDAPModel
internal import Postgres
internal import RollcallCore

/// A removal that waits for a person.
struct HeldRemoval: Sendable, Equatable {
  var action: Removal.Action
  var dn: String
  var isApproved: Bool
}

extension Ledger {
  /// SQL for what is held that is a removal; of a key there is one at most.
  private static let removals = "h.action IN ('delete', 'disable')"

  /// Notes removals that are about to be applied, before the directory hears of them; by the database's clock.
  func spend(_ keys: [RosterKey]) async throws(EngineError) {
    if keys.isEmpty { return }
    try await database.query(
      "INSERT INTO rollcall.removal (directory, key, at) SELECT $1, unnest($2::text[]), now()",
      [directory, SQLText.array(keys)])
  }

  /// What was spent of the budget within a while.
  struct Spending: Sendable {
    /// People who were removed.
    var all = 0
    /// Those of them whose entries are there, disabled.
    var disabled = 0
    /// Those of them who were asked for: a removal that is done again after a crash is paid for already.
    var paid = 0
  }

  /// Removals noted within the last so many seconds; older ones are forgotten.
  func spending(within seconds: Double, of keys: [RosterKey]) async throws(EngineError) -> Spending {
    let result = try await database.query(
      """
      WITH old AS (DELETE FROM rollcall.removal
        WHERE directory = $1 AND at < now() - $2::float8 * interval '1 second'),
      recent AS (SELECT DISTINCT key FROM rollcall.removal
        WHERE directory = $1 AND at >= now() - $2::float8 * interval '1 second')
      SELECT count(*), count(*) FILTER (WHERE EXISTS (
          SELECT FROM rollcall.disabled AS d WHERE d.directory = $1 AND d.key = r.key)),
        count(*) FILTER (WHERE key = ANY ($3::text[]))
      FROM recent AS r
      """, [directory, "\(seconds)", SQLText.array(keys)])
    return Spending(
      all: result.int(0, 0) ?? 0, disabled: result.int(0, 1) ?? 0, paid: result.int(0, 2) ?? 0)
  }

  /// Writes removals down for a person to decide; one whose action changed loses its approval.
  func hold(_ removals: [Removal]) async throws(EngineError) {
    if removals.isEmpty { return }
    try await database.query(
      """
      WITH x AS (SELECT * FROM unnest($2::text[], $3::text[], $4::text[]) AS x(key, action, dn)),
      other AS (DELETE FROM rollcall.held AS h USING x
        WHERE h.directory = $1 AND h.subject = x.key AND h.action <> x.action AND \(Ledger.removals))
      INSERT INTO rollcall.held (directory, subject, action, dn, since, approved)
      SELECT $1, x.key, x.action, x.dn, now(), false FROM x
      ON CONFLICT (directory, action, subject) DO UPDATE SET dn = excluded.dn
      """,
      [
        directory, SQLText.array(removals.map(\.key)), SQLText.array(removals.map(\.action.rawValue)),
        SQLText.array(removals.map(\.dn.text)),
      ])
  }

  /// Forgets holds: they were released and applied, or their rows came back.
  func unhold(_ keys: [RosterKey]) async throws(EngineError) {
    if keys.isEmpty { return }
    try await database.query(
      "DELETE FROM rollcall.held AS h WHERE directory = $1 AND subject = ANY($2::text[]) AND \(Ledger.removals)",
      [directory, SQLText.array(keys)])
  }

  func held() async throws(EngineError) -> [RosterKey: HeldRemoval] {
    let result = try await database.query(
      "SELECT subject, action, dn, approved FROM rollcall.held AS h WHERE directory = $1 AND \(Ledger.removals)",
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
