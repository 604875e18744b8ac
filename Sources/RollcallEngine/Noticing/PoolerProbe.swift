internal import Postgres
internal import Reactor
internal import RollcallLedger

/// Detects a transaction pooler, which assigns each transaction to another server session, in front of PostgreSQL.
///
/// Behind one, neither LISTEN nor a session's advisory lock lasts, although both seem to work while there are no
/// other clients: a second round trip then mostly meets the same server session.
@Reactor
enum PoolerProbe {
  private static let deadline: Duration = .seconds(8)

  /// - Throws: ``EngineError/refused(_:)`` if sessions do not last; otherwise the database's error.
  static func requireSessions(_ options: ConnectionOptions) async throws(EngineError) {
    let options = options.settings(SessionSettings.list())
    do throws(PostgresError) {
      let one = try await PostgresConnection.open(options, timeout: deadline)
      defer { one.close() }
      let first = try await backend(of: one)
      // A pooler gives its clients its own numbers for cancel requests.
      if first == one.backendID { return }
      let two = try await PostgresConnection.open(options, timeout: deadline)
      defer { two.close() }
      // While this transaction is open, no other client gets its server session.
      let lasts = try await lastsInTransaction(two)
      if lasts, try await backend(of: two) != first, try await backend(of: one) == first { return }
    } catch {
      throw .database(error)
    }
    throw .refused(
      "the connection goes through a pooler in transaction mode (such as PgBouncer with pool_mode = transaction): "
        + "neither LISTEN nor advisory locks last there. Point source.connection at PostgreSQL itself, or at a pool "
        + "in session mode")
  }

  /// False for a statement pooler: it rejects transactions as a protocol violation.
  private static func lastsInTransaction(_ connection: PostgresConnection) async throws(PostgresError) -> Bool {
    do throws(PostgresError) {
      try await connection.script("BEGIN", timeout: deadline)
      return true
    } catch {
      guard error.sqlState == "08P01" else { throw error }
      return false
    }
  }

  private static func backend(of connection: PostgresConnection) async throws(PostgresError) -> Int? {
    try await connection.query("SELECT pg_backend_pid()", timeout: deadline).int(0, 0)
  }
}
