internal import Postgres
package import RollcallCore

extension Ledger {
  /// The stored state of the directory's servers and of the last confirmed keys.
  package func serverMemory() async throws(EngineError) -> ServerMemory {
    let chunks = try await database.query(
      "SELECT c.number, k FROM rollcall.confirmed AS c, unnest(c.keys) AS k WHERE c.directory = $1", [directory])
    var keys: [Int: [RosterKey]] = [:]
    for row in 0..<chunks.rowCount {
      guard let number = chunks.int(row, 0), let key = chunks.key(row, 1) else { continue }
      keys[number, default: []].append(key)
    }
    let record = try await database.query(
      """
      SELECT d.confirmed_lost, s.clock, s.owed FROM rollcall.directory AS d
      LEFT JOIN LATERAL (SELECT clock, owed FROM rollcall.server WHERE directory = d.name
        ORDER BY seen DESC LIMIT 1) AS s ON true
      WHERE d.name = $1
      """, [directory])
    if record.isEmpty { return ServerMemory() }
    return ServerMemory(
      keys: ConfirmedKeys(
        stored: keys.map { ConfirmedKeys.Chunk(number: $0.key, keys: $0.value) }, lost: record.int(0, 0)),
      confirmed: record.text(0, 1).flatMap { ServerClock($0) }, owed: record.text(0, 2).flatMap { ServerClock($0) })
  }

  /// Records the clock of the server at a URL, with the keys that no clock covers.
  ///
  /// - Parameter identity: the identity of its data.
  package func note(
    server url: String, identity: String, confirmed: ServerClock?, owed: ServerClock?,
    _ keys: ConfirmedKeys.Difference
  ) async throws(EngineError) {
    // If PostgreSQL loses this commit, the older state only makes some keys be looked at again.
    try await database.query(
      """
      WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)) \(Ledger.confirmed(from: 6)),
      lost AS (UPDATE rollcall.directory SET confirmed_lost = $9 WHERE name = $1
        AND confirmed_lost IS DISTINCT FROM $9::bigint)
      INSERT INTO rollcall.server (directory, url, identity, clock, owed, seen)
      SELECT $1, $2, $3, $4, $5, clock_timestamp() FROM quick
      ON CONFLICT (directory, url) DO UPDATE SET identity = excluded.identity, clock = excluded.clock,
        owed = excluded.owed, seen = excluded.seen
      """,
      [directory, url, identity, confirmed?.description, owed?.description] + Ledger.parameters(of: keys))
  }

  /// The part of a statement that stores keys, as continuation of a WITH clause.
  ///
  /// - Parameter first: the number of the first of ``parameters(of:)``.
  static func confirmed(from first: Int) -> String {
    """
    , gone AS (DELETE FROM rollcall.confirmed WHERE directory = $1 AND number = ANY ($\(first + 2)::bigint[])),
    new AS (INSERT INTO rollcall.confirmed (directory, number, keys)
      SELECT $1, x.number, x.keys::text[] FROM unnest($\(first)::bigint[], $\(first + 1)::text[]) AS x(number, keys)
      ON CONFLICT (directory, number) DO UPDATE SET keys = excluded.keys)
    """
  }

  static func parameters(of keys: ConfirmedKeys.Difference) -> [String?] {
    [
      SQLText.array(keys.chunks.map { "\($0.number)" }), SQLText.array(keys.chunks.map { SQLText.array($0.keys) }),
      SQLText.array(keys.dropped.map { "\($0)" }), keys.lost.map { "\($0)" },
    ]
  }
}
