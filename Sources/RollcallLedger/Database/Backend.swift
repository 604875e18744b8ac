internal import Postgres
internal import Reactor

/// The server process of a session. Process ids are used again; with the time of its start it is one of a kind.
struct Backend: Sendable {
  var id: String
  var start: String
}

extension PostgresConnection {
  /// Ends the backend of a session that was given up, so that nothing which was sent there is carried out from now on:
  /// a statement that is sent again would else be carried out twice, and an old state would replace a newer one.
  ///
  /// - Returns: the backend of this session; nil where the role may not see it.
  /// - Throws: ``PostgresError``, also if the former backend has not ended after five seconds.
  func replace(_ former: Backend?) async throws(PostgresError) -> Backend? {
    let result: QueryResult
    do throws(PostgresError) {
      result = try await query(
        """
        WITH former AS MATERIALIZED (
          SELECT pid FROM pg_stat_activity WHERE pid = $1::int AND backend_start = $2::timestamptz AND pid <> pg_backend_pid())
        SELECT pid, backend_start, (SELECT count(*) FROM former AS f WHERE NOT pg_terminate_backend(f.pid, 5000))
        FROM pg_stat_activity WHERE pid = pg_backend_pid()
        """, [former?.id, former?.start])
    } catch {
      // A server that hides its sessions, or another's session that has this process id by now.
      guard error.kind == .server, isUsable else { throw error }
      return nil
    }
    if let former, result.int(0, 2) ?? 0 > 0 {
      throw PostgresError(
        kind: .timeout, message: "PostgreSQL has not ended the process \(former.id) of this program's last session")
    }
    guard let id = result.text(0, 0), let start = result.text(0, 1) else { return nil }
    return Backend(id: id, start: start)
  }
}
