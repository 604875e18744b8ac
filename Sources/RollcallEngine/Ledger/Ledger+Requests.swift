internal import Foundation
internal import Postgres

/// Something a command asks of the daemon that leads.
struct LedgerRequest: Sendable, Equatable {
  enum Kind: String, Sendable {
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
  var kind: Kind
}

extension Ledger {
  /// Requests that nobody has answered.
  func requests() async throws(EngineError) -> [LedgerRequest] {
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

  /// Answers a request.
  func answer(_ request: LedgerRequest, message: String?) async throws(EngineError) {
    try await database.query(
      "UPDATE rollcall.request SET done = now(), message = $2 WHERE id = $1", ["\(request.id)", message])
  }

  /// Asks the daemon for something; returns the request's number.
  func ask(_ kind: LedgerRequest.Kind) async throws(EngineError) -> Int {
    let result = try await database.query(
      """
      WITH asked AS (
        INSERT INTO rollcall.request (directory, kind, at) VALUES ($1, $2, now()) RETURNING id)
      SELECT id, pg_notify('rollcall', json_build_object('request', $1::text)::text) FROM asked
      """, [directory, kind.rawValue])
    return result.int(0, 0) ?? 0
  }

  /// Whether a request was answered, and what with.
  func answer(to id: Int) async throws(EngineError) -> (isDone: Bool, message: String?) {
    let result = try await database.query(
      "SELECT done IS NOT NULL, message FROM rollcall.request WHERE id = $1", ["\(id)"])
    return (result.rowCount == 1 && result.bool(0, 0), result.rowCount == 1 ? result.text(0, 1) : nil)
  }
}
