internal import Postgres
internal import RollcallCore

extension Ledger {
  /// The random key of this directory's digests.
  func passwordKey() async throws(EngineError) -> String? {
    let result = try await database.query(
      "SELECT key FROM rollcall.password_key WHERE directory = $1", [directory])
    return result.isEmpty ? nil : result.text(0, 0)
  }

  /// PostgreSQL draws it, so that it is in no statement.
  func makePasswordKey() async throws(EngineError) {
    try await database.query(
      """
      INSERT INTO rollcall.password_key (directory, key) SELECT $1, string_agg(gen_random_uuid()::text, ' ')
      FROM generate_series(1, 4) ON CONFLICT DO NOTHING
      """, [directory])
  }

  func passwords(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: String] {
    let result = try await database.execute(
      "passwords",
      """
      SELECT x.key, p.digest FROM unnest($2::text[]) AS x(key),
        LATERAL (SELECT digest FROM rollcall.password WHERE directory = $1 AND key = x.key LIMIT 1) AS p
      """, [directory, SQLText.array(keys)])
    var found: [RosterKey: String] = [:]
    for row in 0..<result.rowCount { found[result.key(row, 0) ?? ""] = result.text(row, 1) ?? "" }
    return found
  }

  func record(passwords: [RosterKey: String]) async throws(EngineError) {
    if passwords.isEmpty { return }
    let pairs = Array(passwords)
    try await database.query(
      """
      INSERT INTO rollcall.password (directory, key, digest) SELECT $1, x.key, x.digest
      FROM unnest($2::text[], $3::text[]) AS x(key, digest)
      ON CONFLICT (directory, key) DO UPDATE SET digest = excluded.digest
      """, [directory, SQLText.array(pairs.map(\.key)), SQLText.array(pairs.map(\.value))])
  }

  /// - Parameter keys: nil for all.
  func forgetPasswords(_ keys: [RosterKey]?) async throws(EngineError) {
    if keys?.isEmpty == true { return }
    try await database.query(
      "DELETE FROM rollcall.password WHERE directory = $1 AND ($2::text[] IS NULL OR key = ANY ($2::text[]))",
      [directory, keys.map { SQLText.array($0) }])
  }
}
