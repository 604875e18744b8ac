internal import Postgres
internal import Reactor
internal import RollcallLedger

/// Finds out whether a pooler that hands each transaction to another server session stands before PostgreSQL.
///
/// Behind one neither LISTEN nor a session's advisory lock lasts, although both seem to work as long as nobody else is
/// at work: a second round trip mostly meets the same server session again.
@Reactor
enum PoolerProbe {
  private static let deadline: Duration = .seconds(8)

  /// - Throws: ``EngineError/refused(_:)`` where sessions do not last; what the database says otherwise.
  static func requireSessions(_ options: ConnectionOptions) async throws(EngineError) {
    let options = options.settings(SessionSettings.list())
    do throws(PostgresError) {
      let one = try await PostgresConnection.open(options, timeout: deadline)
      defer { one.close() }
      let first = try await backend(of: one)
      // A pooler gives its clients numbers of its own for cancelling.
      if first == one.backendID { return }
      let two = try await PostgresConnection.open(options, timeout: deadline)
      defer { two.close() }
      // As long as this transaction is open its server session is nobody else's.
      let lasts = try await lastsInTransaction(two)
      if lasts, try await backend(of: two) != first, try await backend(of: one) == first { return }
    } catch {
      throw .database(error)
    }
    throw .refused(
      "the connection goes through a pooler in transaction mode (such as PgBouncer with pool_mode = transaction): "
        + "neither LISTEN nor advisory locks last there. Let source.connection lead to PostgreSQL itself, or to a pool "
        + "in session mode")
  }

  /// False where a pooler hands single statements to server sessions: it refuses transactions as no part of the protocol.
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
