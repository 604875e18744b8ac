package import Postgres
package import Reactor

/// The settings of every session of Rollcall from its first statement on.
package enum SessionSettings {
  /// The search path of the program's own statements. A function or operator of another schema whose arguments match
  /// exactly would take precedence over one of `pg_catalog` that needs a cast, and run with the caller's rights.
  static let ownPath = "pg_catalog, pg_temp"
  /// The search path of the mapping.
  package static func path(_ schemas: [String]) -> String {
    (["pg_catalog"] + schemas.map { SQLText.identifier($0) } + ["pg_temp"]).joined(separator: ", ")
  }

  /// - Parameters:
  ///   - searchPath: the schemas in which names are resolved.
  ///   - timeout: `statement_timeout` in milliseconds.
  ///   - timezone: the time zone; that of Rollcall's own statements is UTC.
  package static func list(
    searchPath: String = ownPath, timeout: Int = 60_000, timezone: String? = nil
  ) -> [(name: String, value: String)] {
    [
      ("search_path", searchPath), ("row_security", "off"), ("statement_timeout", "\(timeout)"),
      ("lock_timeout", "10000"), ("idle_in_transaction_session_timeout", "60000"),
      ("client_min_messages", "warning"), ("TimeZone", timezone ?? "UTC"), ("DateStyle", "ISO, YMD"),
      ("IntervalStyle", "postgres"), ("bytea_output", "hex"), ("extra_float_digits", "1"), ("xmloption", "content"),
      // Statements are short, and where one is estimated to be long (each of a thousand rows looks up a transaction of
      // 40,000 changes), compiling it took 60 to 200 ms each time.
      ("jit", "off"),
    ]
  }
}

/// A session that is opened when it is needed and again after it was lost.
@Reactor
package final class Database {
  private let options: ConnectionOptions
  private let patience: Duration
  private var connection: PostgresConnection?
  private var opening: Task<Result<PostgresConnection, EngineError>, Never>?
  /// The session's names of its prepared statements.
  private var prepared: [String: String] = [:]
  private var plans = PlanRenewal()
  /// Sessions that end when their pending statements are answered.
  private var retired: [PostgresConnection] = []
  private(set) var retirements = 0
  /// The number of times that it has been closed on purpose.
  package private(set) var closings = 0
  private var lastPrepared = 0
  private var hasEnded = false
  /// The backend of the last session, which may still carry out a statement that was not answered; nil where its
  /// statements only read.
  private var backend: Backend?
  private let endsBackends: Bool

  /// - Parameters:
  ///   - timeout: `statement_timeout` of the session in milliseconds.
  ///   - searchPath: the schemas in which the session's statements resolve names; nil means the search path of
  ///     Rollcall's own statements, `pg_catalog` only.
  ///   - timezone: the session's time zone; nil is UTC.
  ///   - patience: how long opening a session may take.
  package init(
    _ options: ConnectionOptions, timeout: Int = 60_000, searchPath: String? = nil, timezone: String? = nil,
    patience: Duration = .seconds(8)
  ) {
    self.patience = patience
    endsBackends = searchPath == nil
    self.options = options.settings(
      SessionSettings.list(
        searchPath: searchPath ?? SessionSettings.ownPath, timeout: timeout, timezone: timezone))
  }

  /// The session; opens a new one if the last one is gone.
  package func session() async throws(EngineError) -> PostgresConnection {
    if let connection, connection.isUsable { return connection }
    if hasEnded { throw .database(PostgresError(kind: .connection, message: "this process is ending")) }
    if let opening { return try await opening.value.get() }
    let task = Task(executorPreference: Reactor.loop) { await self.open() }
    opening = task
    let result = await task.value
    opening = nil
    return try result.get()
  }

  private func open() async -> Result<PostgresConnection, EngineError> {
    do throws(PostgresError) {
      let connection = try await PostgresConnection.open(options, timeout: patience)
      if endsBackends { backend = try await connection.replace(backend) }
      if hasEnded { throw PostgresError(kind: .connection, message: "this process is ending") }
      self.connection = connection
      prepared = [:]
      plans = PlanRenewal()
      return .success(connection)
    } catch {
      return .failure(.database(error))
    }
  }

  /// Ends the session; the next use opens another.
  package func close() {
    closings += 1
    connection?.close()
    connection = nil
    for session in retired { session.close() }
    retired = []
  }

  /// Ends the session permanently: further use fails.
  package func end() {
    hasEnded = true
    close()
  }

  /// Runs a statement with text parameters.
  @discardableResult
  package func query(
    _ sql: String, _ parameters: [String?] = [], timeout: Duration? = PostgresConnection.defaultTimeout
  ) async throws(EngineError) -> QueryResult {
    let session = try await self.session()
    return try await on(session) { session throws(PostgresError) in
      try await session.query(sql, parameters, timeout: timeout)
    }
  }

  /// Runs a script of several statements, in one transaction unless the script says otherwise.
  @discardableResult
  package func script(
    _ sql: String, timeout: Duration? = PostgresConnection.defaultTimeout
  ) async throws(EngineError) -> QueryResult {
    let session = try await self.session()
    return try await on(session) { session throws(PostgresError) in
      try await session.script(sql, timeout: timeout)
    }
  }

  /// Runs a statement that is prepared once per session under `name`.
  @discardableResult
  package func execute(
    _ name: String, _ sql: String, _ parameters: [String?] = [],
    timeout: Duration? = PostgresConnection.defaultTimeout
  ) async throws(EngineError) -> QueryResult {
    do throws(EngineError) {
      return try await attempt(name, sql, parameters, timeout)
    } catch {
      guard Database.isStale(error) else { throw error }
      return try await attempt(name, sql, parameters, timeout)
    }
  }

  /// Runs a statement that calls foreign code (``PostgresConnection/read(_:_:limit:timeout:)``).
  package func read(
    _ sql: String, _ parameters: [String?] = [], limit: Duration? = nil,
    timeout: Duration? = PostgresConnection.defaultTimeout
  ) async throws(EngineError) -> QueryResult {
    let session = try await self.session()
    return try await on(session) { session throws(PostgresError) in
      try await session.read(sql, parameters, limit: limit, timeout: timeout)
    }
  }

  /// Lets the session end when its pending statements are answered; the next use opens another.
  ///
  /// libpq never shrinks the buffer that a large row needed.
  package func retire() {
    guard let connection else { return }
    retirements += 1
    // It has to answer first.
    backend = nil
    self.connection = nil
    retired.append(connection)
    connection.closeWhenIdle { [weak self] in self?.retired.removeAll { $0 === connection } }
  }

  private func attempt(
    _ name: String, _ sql: String, _ parameters: [String?], _ timeout: Duration?
  ) async throws(EngineError) -> QueryResult {
    let session = try await self.session()
    let found = prepared[name]
    if found == nil { lastPrepared += 1 }
    let ours = found ?? "\(name)_\(lastPrepared)"
    // Recorded before it is done: the session works in order, so the next caller finds it prepared.
    prepared[name] = ours
    var isPrepared = found != nil
    do throws(EngineError) {
      return try await on(session) { session throws(PostgresError) in
        if !isPrepared { try await session.prepare(ours, sql, timeout: timeout) }
        isPrepared = true
        if self.plans.isDue() { try await session.script("DISCARD PLANS", timeout: timeout) }
        return try await session.execute(ours, parameters, timeout: timeout)
      }
    } catch {
      // The next session has prepared statements of its own.
      if session === connection, prepared[name] == ours, !isPrepared || Database.isStale(error) { prepared[name] = nil }
      throw error
    }
  }

  /// Altering a table invalidates the statements prepared for it, which then always fail.
  private static func isStale(_ error: EngineError) -> Bool {
    guard case .database(let failure) = error, let state = failure.sqlState else { return false }
    return state == "0A000" || state == "26000"
  }

  private func on<T>(
    _ session: PostgresConnection, _ body: @Reactor (PostgresConnection) async throws(PostgresError) -> T
  ) async throws(EngineError) -> T {
    do throws(PostgresError) { return try await body(session) } catch { throw .database(error) }
  }
}
