internal import Postgres
package import RollcallCore

/// Why nothing is written for a key.
package struct Pin: Sendable, Equatable {
  package var because: String
  package var actor: String
  /// RFC 3339, UTC.
  package var since: String
  /// When it expires; nil if only a person or a change ends it.
  package var until: String?
  /// Seconds until then.
  var remaining: Double?
  /// Whether a logged change of the row ends it.
  package var endsWithChange: Bool
  /// The removal that it prevents, as far as is known.
  package var removal: Removal.Action?
}

/// Pins that a command set or removed, or that have expired, to be processed by the daemon.
package struct PinRequest: Sendable {
  package var id: Int
  /// Whether they have been removed: the keys are then looked at.
  package var isUnpin: Bool
  package var keys: [RosterKey]
}

extension Ledger {
  /// SQL that asks the daemon to process changed pins of some keys.
  private static func ask(_ kind: String, _ keys: String) -> String {
    """
    asked AS (
      INSERT INTO rollcall.request (directory, kind, argument)
      SELECT $1, '\(kind)', json_build_object('keys', array_agg(key)) FROM \(keys) HAVING count(*) > 0 RETURNING id),
    heard AS MATERIALIZED (
      SELECT pg_notify('rollcall', json_build_object('request', $1::text)::text) FROM asked)
    """
  }

  /// Pins keys: nothing is written for them once the daemon has processed the request.
  ///
  /// - Parameters:
  ///   - until: a time in PostgreSQL's input format; nil: until somebody unpins them.
  ///   - untilChange: whether a logged change of the row that this statement does not see ends the pin, too. A key
  ///     that a person has already pinned keeps that pin's conditions.
  /// - Returns: the number of the request that the daemon answers when it has processed it.
  package func pin(
    _ keys: [RosterKey], because: String, actor: String, until: String? = nil, untilChange: Bool = false
  ) async throws(EngineError) -> Int {
    let result = try await database.query(
      """
      WITH every AS (SELECT DISTINCT key FROM unnest($2::text[]) AS x(key)),
      pins AS (
        INSERT INTO rollcall.pinned AS p (directory, key, because, actor, until, seen)
        SELECT $1, x.key, $3, $4, $5::timestamptz, CASE WHEN $6::boolean THEN pg_current_snapshot() END FROM every AS x
        ON CONFLICT (directory, key) DO UPDATE SET because = excluded.because, actor = excluded.actor,
          since = excluded.since, until = excluded.until, seen = excluded.seen
        WHERE NOT $6::boolean OR p.seen IS NOT NULL OR p.until <= now()
        RETURNING key),
      \(Ledger.noting("pin", of: "pins", ["key": "key", "actor": "$4", "because": "$3"])), \(Ledger.ask("pin", "every"))
      SELECT id, (SELECT count(*) FROM told), (SELECT count(*) FROM heard) FROM asked
      """, [directory, SQLText.array(keys), because, actor, until, untilChange ? "t" : "f"])
    return result.int(0, 0) ?? 0
  }

  /// Ends pins.
  ///
  /// - Returns: the keys that were pinned, and the number of the request that the daemon answers when it has brought
  ///   them in step; nil if none was pinned.
  package func unpin(
    _ keys: [RosterKey], actor: String, because: String? = nil
  ) async throws(EngineError) -> (keys: [RosterKey], request: Int?) {
    try await end("key = ANY ($2::text[])", SQLText.array(keys), actor: actor, because: because)
  }

  /// Ends pins that have expired.
  package func endExpiredPins() async throws(EngineError) {
    _ = try await end(
      "until <= clock_timestamp() AND $2::text IS NULL", nil, actor: nil, because: "it has expired")
  }

  private func end(
    _ condition: String, _ argument: String?, actor: String?, because: String?
  ) async throws(EngineError) -> (keys: [RosterKey], request: Int?) {
    let result = try await database.query(
      """
      WITH ended AS (DELETE FROM rollcall.pinned WHERE directory = $1 AND \(condition) RETURNING key),
      \(Ledger.noting("unpin", of: "ended", ["key": "key", "actor": "$3::text", "because": "$4::text"])), \(Ledger.ask("unpin", "ended"))
      SELECT key, (SELECT id FROM asked), (SELECT count(*) FROM told), (SELECT count(*) FROM heard) FROM ended
      """, [directory, argument, actor, because])
    let keys = (0..<result.rowCount).compactMap { result.key($0, 0) }
    return (keys, result.isEmpty ? nil : result.int(0, 1))
  }

  /// SQL for the keys among `$2` whose pins were ended by a change of their rows.
  ///
  /// - Parameter sources: a condition on the log's `source`.
  private static func changed(_ sources: String) -> String {
    """
    conditional AS MATERIALIZED (
      SELECT key, seen FROM rollcall.pinned WHERE directory = $1 AND seen IS NOT NULL AND key = ANY ($2::text[])),
    news AS MATERIALIZED (
      SELECT xid, key, everyone FROM rollcall.change
      WHERE xid >= (SELECT min(pg_snapshot_xmin(seen)::text::bigint) FROM conditional)::text::xid8 AND (key = ANY ($2::text[]) OR everyone)
        AND \(sources)),
    changed AS (
      SELECT c.key FROM conditional AS c WHERE EXISTS (
        SELECT FROM news AS n WHERE (n.key = c.key OR n.everyone) AND NOT pg_visible_in_snapshot(n.xid, c.seen)))
    """
  }

  /// Those of these keys that are pinned until their rows change, and have changed.
  func changedPins(_ keys: [RosterKey], sources: String) async throws(EngineError) -> [RosterKey] {
    let result = try await database.query(
      "WITH \(Ledger.changed(sources)) SELECT key FROM changed", [directory, SQLText.array(keys)])
    return (0..<result.rowCount).compactMap { result.key($0, 0) }
  }

  /// Ends the pins of such keys.
  func endChangedPins(_ keys: [RosterKey], sources: String) async throws(EngineError) -> [RosterKey] {
    let result = try await database.query(
      """
      WITH \(Ledger.changed(sources)),
      ended AS (
        DELETE FROM rollcall.pinned WHERE directory = $1 AND seen IS NOT NULL AND key IN (SELECT key FROM changed)
        RETURNING key),
      \(Ledger.noting("unpin", of: "ended", ["key": "key", "because": "'its row has changed'"]))
      SELECT key, (SELECT count(*) FROM told) FROM ended
      """, [directory, SQLText.array(keys)])
    return (0..<result.rowCount).compactMap { result.key($0, 0) }
  }

  /// Lets pins that end with a change end with one that is logged from now on, where the database has other transaction
  /// ids than the one in which they were set.
  ///
  /// - Parameter all: whether it is another cluster; otherwise only those are concerned that have seen ids which are
  ///   still to come.
  package func renewPins(all: Bool) async throws(EngineError) {
    try await database.query(
      """
      UPDATE rollcall.pinned SET seen = pg_current_snapshot() WHERE directory = $1 AND seen IS NOT NULL
        AND ($2::boolean OR pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot()))
      """, [directory, all ? "t" : "f"])
  }

  /// The current pins.
  ///
  /// - Parameter keys: the keys to select; nil for all.
  package func pins(of keys: [RosterKey]? = nil) async throws(EngineError) -> [RosterKey: Pin] {
    let result = try await database.query(
      """
      SELECT key, because, actor, \(SQLText.time("since")), \(SQLText.time("until")), extract(epoch FROM until - now()),
        seen IS NOT NULL, removal
      FROM rollcall.pinned
      WHERE directory = $1 AND (until IS NULL OR until > now()) AND ($2::text[] IS NULL OR key = ANY ($2::text[]))
      """, [directory, keys.map { SQLText.array($0) }])
    var pins: [RosterKey: Pin] = [:]
    for row in 0..<result.rowCount {
      pins[result.key(row, 0) ?? ""] = Pin(
        because: result.text(row, 1) ?? "", actor: result.text(row, 2) ?? "", since: result.text(row, 3) ?? "",
        until: result.text(row, 4), remaining: result.double(row, 5), endsWithChange: result.bool(row, 6),
        removal: result.text(row, 7).flatMap(Removal.Action.init(rawValue:)))
    }
    return pins
  }

  /// Records the removals that pins prevent, an empty text for none.
  func note(pinnedRemovals: [(key: RosterKey, action: Removal.Action?)]) async throws(EngineError) {
    if pinnedRemovals.isEmpty { return }
    try await database.query(
      """
      UPDATE rollcall.pinned AS p SET removal = nullif(x.action, '')
      FROM unnest($2::text[], $3::text[]) AS x(key, action) WHERE p.directory = $1 AND p.key = x.key
      """,
      [
        directory, SQLText.array(pinnedRemovals.map(\.key)),
        SQLText.array(pinnedRemovals.map { $0.action?.rawValue ?? "" }),
      ])
  }

  /// Changes of pins by commands or by expiry that have not been answered.
  package func pinRequests() async throws(EngineError) -> [PinRequest] {
    let result = try await database.execute(
      "pin_requests",
      """
      SELECT r.id, r.kind = 'unpin', k.key FROM rollcall.request AS r
        LEFT JOIN LATERAL json_array_elements_text(r.argument -> 'keys') AS k(key) ON true
      WHERE r.directory = $1 AND r.done IS NULL AND r.kind IN ('pin', 'unpin') ORDER BY r.id
      """, [directory])
    var requests: [PinRequest] = []
    for row in 0..<result.rowCount {
      let id = result.int(row, 0) ?? 0
      if requests.last?.id != id { requests.append(PinRequest(id: id, isUnpin: result.bool(row, 1), keys: [])) }
      if let key = result.key(row, 2) { requests[requests.count - 1].keys.append(key) }
    }
    return requests
  }

  /// Marks these requests as processed; their keys are not kept.
  package func answer(pinRequests ids: [Int]) async throws(EngineError) {
    if ids.isEmpty { return }
    try await database.query(
      "UPDATE rollcall.request SET done = now(), argument = NULL WHERE id = ANY ($1::bigint[])",
      [SQLText.array(ids.map { "\($0)" })])
  }
}
