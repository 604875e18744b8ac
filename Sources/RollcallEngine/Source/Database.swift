internal import Logging
public import Postgres
public import Reactor

/// The settings that every session of Rollcall begins with.
enum SessionSettings {
  /// - Parameter timeout: `statement_timeout` in milliseconds.
  static func script(timeout: Int = 60_000) -> String {
    """
    SET row_security = off;
    SET search_path = pg_catalog, public, pg_temp;
    SET statement_timeout = \(timeout);
    SET lock_timeout = 10000;
    SET idle_in_transaction_session_timeout = 60000;
    SET client_min_messages = warning;
    SET TimeZone = 'UTC';
    SET DateStyle = 'ISO, YMD';
    SET IntervalStyle = 'postgres';
    SET bytea_output = 'hex';
    SET extra_float_digits = 1;
    SET xmloption = content;
    """
  }
}

/// One session that is opened when it is needed and again after it was lost.
@Reactor
public final class Database {
  private let options: ConnectionOptions
  private let timeout: Int
  private var connection: PostgresConnection?
  private var opening: Task<Result<PostgresConnection, EngineError>, Never>?
  private var prepared: Set<String> = []

  /// - Parameter timeout: `statement_timeout` of the session in milliseconds.
  public init(_ options: ConnectionOptions, timeout: Int = 60_000) {
    self.options = options
    self.timeout = timeout
  }

  /// The session, made anew where the last one is gone.
  public func session() async throws(EngineError) -> PostgresConnection {
    if let connection, connection.isUsable { return connection }
    if let opening { return try await opening.value.get() }
    let task = Task(executorPreference: Reactor.loop) { await self.open() }
    opening = task
    let result = await task.value
    opening = nil
    return try result.get()
  }

  private func open() async -> Result<PostgresConnection, EngineError> {
    do throws(PostgresError) {
      let connection = try await PostgresConnection.open(options)
      try await connection.script(SessionSettings.script(timeout: timeout))
      self.connection = connection
      prepared = []
      return .success(connection)
    } catch {
      return .failure(.database(error))
    }
  }

  /// Ends the session; the next use opens another.
  public func close() {
    connection?.close()
    connection = nil
  }

  /// Runs a statement with text parameters.
  @discardableResult
  public func query(
    _ sql: String, _ parameters: [String?] = [], timeout: Duration? = PostgresConnection.defaultTimeout
  ) async throws(EngineError) -> QueryResult {
    let session = try await self.session()
    return try await on(session) { session throws(PostgresError) in
      try await session.query(sql, parameters, timeout: timeout)
    }
  }

  /// Runs a script of several statements, one transaction unless it says otherwise.
  @discardableResult
  public func script(
    _ sql: String, timeout: Duration? = PostgresConnection.defaultTimeout
  ) async throws(EngineError) -> QueryResult {
    let session = try await self.session()
    return try await on(session) { session throws(PostgresError) in
      try await session.script(sql, timeout: timeout)
    }
  }

  /// Runs a statement that is prepared once a session under `name`.
  @discardableResult
  public func execute(
    _ name: String, _ sql: String, _ parameters: [String?] = []
  ) async throws(EngineError) -> QueryResult {
    let session = try await self.session()
    // Noted before it is done: the session works in order, so whoever comes next finds it prepared.
    if prepared.insert(name).inserted {
      do throws(EngineError) {
        try await on(session) { session throws(PostgresError) in try await session.prepare(name, sql) }
      } catch {
        prepared.remove(name)
        throw error
      }
    }
    return try await on(session) { session throws(PostgresError) in try await session.execute(name, parameters) }
  }

  private func on<T>(
    _ session: PostgresConnection, _ body: @Reactor (PostgresConnection) async throws(PostgresError) -> T
  ) async throws(EngineError) -> T {
    do throws(PostgresError) { return try await body(session) } catch { throw .database(error) }
  }
}
