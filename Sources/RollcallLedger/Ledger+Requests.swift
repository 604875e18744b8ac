internal import Postgres

/// Something a command asks of the daemon that leads.
package struct LedgerRequest: Sendable, Equatable {
  /// What is asked for. A daemon refuses a kind that it does not know: the program may be newer than the daemon.
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    /// Catch up with the log.
    package static let look = Kind(rawValue: "look")
    /// Reconcile in full.
    package static let full = Kind(rawValue: "full")
    /// Parked keys have been released.
    package static let retry = Kind(rawValue: "retry")
    /// Held removals have been approved.
    package static let release = Kind(rawValue: "release")
    /// Look at these keys now; the argument is an array of them.
    package static let keys = Kind(rawValue: "keys")
  }

  package var id: Int
  package var kind: Kind
  /// What it is about, as JSON; nil where the kind says it all.
  package var argument: String?
}

/// What became of a request.
package struct RequestState: Sendable {
  package var isDone: Bool
  /// Why it could not be done.
  package var message: String?
  /// Nobody has begun with any request for so long that nobody will.
  package var isIgnored: Bool
}

extension Ledger {
  /// Requests that nobody has answered, in their order; those about pins are in ``pinRequests()``.
  package func requests() async throws(EngineError) -> [LedgerRequest] {
    let result = try await database.execute(
      "requests",
      """
      SELECT id, kind, argument FROM rollcall.request
      WHERE directory = $1 AND done IS NULL AND kind NOT IN ('pin', 'unpin') ORDER BY id
      """, [directory])
    return (0..<result.rowCount).compactMap { row in
      guard let id = result.int(row, 0) else { return nil }
      return LedgerRequest(
        id: id, kind: LedgerRequest.Kind(rawValue: result.text(row, 1) ?? ""), argument: result.text(row, 2))
    }
  }

  /// Says that a request is being worked on.
  package func noteStart(of request: LedgerRequest) async throws(EngineError) {
    try await database.query("UPDATE rollcall.request SET started = now() WHERE id = $1", ["\(request.id)"])
  }

  /// Answers a request, and forgets some of those that were answered long ago.
  ///
  /// What it was about may name people: it is not kept.
  /// - Parameters:
  ///   - message: why it could not be done; nil where it was.
  ///   - answer: JSON for whoever asked. It is read within a minute or dropped (``dropOldAnswers()``).
  package func answer(
    _ request: LedgerRequest, message: String?, _ answer: String? = nil
  ) async throws(EngineError) {
    if let answer {
      try await database.query(
        """
        INSERT INTO rollcall.answer (request, answer) SELECT id, $2::json FROM rollcall.request WHERE id = $1
        ON CONFLICT (request) DO UPDATE SET at = now(), answer = excluded.answer
        """, ["\(request.id)", answer])
    }
    try await database.query(
      "UPDATE rollcall.request SET done = now(), message = $2, argument = NULL WHERE id = $1",
      ["\(request.id)", message])
    try await database.query(
      """
      DELETE FROM rollcall.request WHERE id IN (SELECT id FROM rollcall.request
        WHERE directory = $1 AND done < now() - interval '1 day' ORDER BY id LIMIT 100)
      """, [directory])
  }

  /// Drops answers that nobody has read in time, whichever directory's they are.
  package func dropOldAnswers() async throws(EngineError) {
    try await database.execute(
      "old_answers", "DELETE FROM rollcall.answer WHERE at < now() - interval '1 minute'")
  }

  /// Asks the daemon for something; returns the request's number.
  ///
  /// - Parameter argument: what it is about, as JSON.
  package func ask(_ kind: LedgerRequest.Kind, _ argument: String? = nil) async throws(EngineError) -> Int {
    let result = try await database.query(
      """
      WITH asked AS (
        INSERT INTO rollcall.request (directory, kind, at, argument) VALUES ($1, $2, now(), $3::json) RETURNING id)
      SELECT id, pg_notify('rollcall', json_build_object('request', $1::text)::text) FROM asked
      """, [directory, kind.rawValue, argument])
    return result.int(0, 0) ?? 0
  }

  /// What became of a request.
  package func state(of id: Int) async throws(EngineError) -> RequestState {
    let result = try await database.query(
      """
      SELECT q.done IS NOT NULL, q.message, q.at < now() - interval '1 minute' AND NOT EXISTS (
        SELECT FROM rollcall.request AS r JOIN rollcall.directory AS d ON d.name = r.directory
        WHERE r.directory = q.directory AND (r.done IS NULL AND r.started >= d.leader_since
          OR r.done > now() - interval '1 minute'))
      FROM rollcall.request AS q WHERE q.id = $1
      """, ["\(id)"])
    // A request that is gone was answered, and that long ago.
    if result.isEmpty { return RequestState(isDone: true, message: nil, isIgnored: false) }
    return RequestState(isDone: result.bool(0, 0), message: result.text(0, 1), isIgnored: result.bool(0, 2))
  }

  /// Takes the answer to a request, which is gone then; nil where there is none.
  package func takeAnswer(to id: Int) async throws(EngineError) -> String? {
    let result = try await database.query(
      "DELETE FROM rollcall.answer WHERE request = $1 RETURNING answer", ["\(id)"])
    return result.isEmpty ? nil : result.text(0, 0)
  }

  /// Takes a request back for whose answer nobody waits any more.
  package func withdraw(_ id: Int) async throws(EngineError) {
    try await database.query(
      """
      WITH answer AS (DELETE FROM rollcall.answer WHERE request = $1)
      DELETE FROM rollcall.request WHERE id = $1 AND done IS NULL
      """, ["\(id)"])
  }
}
