internal import FoundationEssentials
internal import Postgres

/// Something a command asks of the daemon that leads.
package struct LedgerRequest: Sendable, Equatable {
  package enum Kind: String, Sendable {
    /// Catch up with the log.
    case look
    /// Reconcile in full.
    case full
    /// Parked keys have been released.
    case retry
    /// Held removals have been approved.
    case release
  }

  var id: Int
  package var kind: Kind
}

extension Ledger {
  /// Requests that nobody has answered.
  package func requests() async throws(EngineError) -> [LedgerRequest] {
    let result = try await database.execute(
      "requests",
      "SELECT id, kind FROM rollcall.request WHERE directory = $1 AND done IS NULL ORDER BY id", [directory])
    return (0..<result.rowCount).compactMap { row in
      guard let id = result.int(row, 0), let kind = LedgerRequest.Kind(rawValue: result.text(row, 1) ?? "") else {
        return nil
      }
      return LedgerRequest(id: id, kind: kind)
    }
  }

  /// Says that a request is being worked on.
  package func noteStart(of request: LedgerRequest) async throws(EngineError) {
    try await database.query("UPDATE rollcall.request SET started = now() WHERE id = $1", ["\(request.id)"])
  }

  /// Answers a request, and forgets some of those that were answered long ago.
  package func answer(_ request: LedgerRequest, message: String?) async throws(EngineError) {
    try await database.query(
      "UPDATE rollcall.request SET done = now(), message = $2 WHERE id = $1", ["\(request.id)", message])
    try await database.query(
      """
      DELETE FROM rollcall.request WHERE id IN (SELECT id FROM rollcall.request
        WHERE directory = $1 AND done < now() - interval '1 day' ORDER BY id LIMIT 100)
      """, [directory])
  }

  /// Asks the daemon for something; returns the request's number.
  package func ask(_ kind: LedgerRequest.Kind) async throws(EngineError) -> Int {
    let result = try await database.query(
      """
      WITH asked AS (
        INSERT INTO rollcall.request (directory, kind, at) VALUES ($1, $2, now()) RETURNING id)
      SELECT id, pg_notify('rollcall', json_build_object('request', $1::text)::text) FROM asked
      """, [directory, kind.rawValue])
    return result.int(0, 0) ?? 0
  }

  /// Whether a request was answered and what with, or nobody has begun with any for so long that nobody will.
  package func answer(to id: Int) async throws(EngineError) -> (isDone: Bool, message: String?, isIgnored: Bool) {
    let result = try await database.query(
      """
      SELECT q.done IS NOT NULL, q.message, q.at < now() - interval '1 minute' AND NOT EXISTS (
        SELECT FROM rollcall.request AS r JOIN rollcall.directory AS d ON d.name = r.directory
        WHERE r.directory = q.directory AND (r.done IS NULL AND r.started >= d.leader_since
          OR r.done > now() - interval '1 minute'))
      FROM rollcall.request AS q WHERE q.id = $1
      """, ["\(id)"])
    // A request that is gone was answered, and that long ago.
    return result.isEmpty ? (true, nil, false) : (result.bool(0, 0), result.text(0, 1), result.bool(0, 2))
  }
}
