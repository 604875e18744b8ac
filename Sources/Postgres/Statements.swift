public import Reactor

extension PostgresConnection {
  /// How long a statement may take unless its caller specifies otherwise.
  public nonisolated static let defaultTimeout: Duration = .seconds(60)

  /// Runs one statement with text parameters `$1`, `$2`, …; nil is NULL.
  ///
  /// - Throws: ``PostgresError``; for the kinds connection and timeout the outcome is unknown.
  @discardableResult
  public func query(
    _ sql: String, _ parameters: [String?] = [], timeout: Duration? = defaultTimeout
  ) async throws(PostgresError) -> QueryResult {
    try await run(.statement(sql, parameters), timeout)
  }

  /// Runs a script of several statements with the simple protocol and returns the last one's result.
  ///
  /// Without BEGIN of its own the whole script is one transaction.
  @discardableResult
  public func script(
    _ sql: String, timeout: Duration? = defaultTimeout
  ) async throws(PostgresError) -> QueryResult {
    try await run(.script(sql), timeout)
  }

  /// Prepares a statement under a name; its parameter types are inferred or cast in the text.
  public func prepare(
    _ name: String, _ sql: String, timeout: Duration? = defaultTimeout
  ) async throws(PostgresError) {
    try await run(.prepare(name: name, sql), timeout)
  }

  /// The columns of a prepared statement: a result without rows.
  public func describe(_ name: String) async throws(PostgresError) -> QueryResult {
    try await run(.describe(name: name), PostgresConnection.defaultTimeout)
  }

  /// Runs a prepared statement.
  @discardableResult
  public func execute(
    _ name: String, _ parameters: [String?] = [], timeout: Duration? = defaultTimeout
  ) async throws(PostgresError) -> QueryResult {
    try await run(.execute(name: name, parameters), timeout)
  }

  /// Runs one statement in a read-only transaction that is always rolled back: code that it calls leaves nothing
  /// behind, neither rows, notifications and settings nor session locks and statements prepared in the session. One
  /// round trip. Previously prepared statements of the session are gone afterwards.
  ///
  /// - Parameter limit: `statement_timeout`; nil keeps the session's.
  public func read(
    _ sql: String, _ parameters: [String?] = [], limit: Duration? = nil, timeout: Duration? = defaultTimeout
  ) async throws(PostgresError) -> QueryResult {
    try await run(.read(sql, parameters, limit: limit), timeout)
  }

  /// The same as ``read(_:_:limit:timeout:)`` for a statement that is run again and again: the server keeps what it has
  /// parsed and planned until another statement without a name, or an error. Locks and statements of the session are gone
  /// before its next statement.
  ///
  /// - Parameters:
  ///   - limit: `statement_timeout`; nil keeps the session's.
  ///   - anew: whether the server parses and plans it again.
  public func readKept(
    _ sql: String, _ parameters: [String?] = [], limit: Duration? = nil, anew: Bool = false,
    timeout: Duration? = defaultTimeout
  ) async throws(PostgresError) -> QueryResult {
    try await run(.readKept(sql, parameters, limit: limit, anew: anew), timeout)
  }

  /// Starts a statement whose rows are taken as they arrive (libpq's single-row mode).
  ///
  /// The connection does nothing else until the stream has been read to its end or the connection is closed.
  /// - Parameters:
  ///   - ahead: rows buffered for a slower consumer before reading stops.
  ///   - timeout: the longest wait between two rows.
  public func stream(
    _ sql: String, _ parameters: [String?] = [], ahead: Int = 2000, timeout: Duration? = defaultTimeout
  ) -> RowStream {
    let stream = RowStream(self, ahead: ahead)
    let command = Command(
      streaming: .statement(sql, parameters), timeout: timeout, saturation: ahead
    ) { [weak stream] in stream?.wake() }
    stream.command = command
    submit(command)
    return stream
  }

  @discardableResult
  private func run(_ text: Command.Text, _ timeout: Duration?) async throws(PostgresError) -> QueryResult {
    let result = unsafe await withUnsafeContinuation {
      (continuation: UnsafeContinuation<Result<QueryResult?, PostgresError>, Never>) in
      submit(Command(text, timeout: timeout) { unsafe continuation.resume(returning: $0) })
    }
    guard let rows = try result.get() else {
      throw PostgresError(kind: .connection, message: "the server ended the statement without a result")
    }
    return rows
  }
}

/// The rows of one large result, in chunks.
@Reactor @safe
public final class RowStream {
  private let connection: PostgresConnection
  fileprivate var command: Command?
  private var waiter: UnsafeContinuation<Void, Never>?
  private let ahead: Int

  init(_ connection: PostgresConnection, ahead: Int) {
    self.connection = connection
    self.ahead = ahead
  }

  /// The next rows, each a result of one row; nil at the end.
  ///
  /// - Throws: ``PostgresError`` if the statement failed; rows before that are not a complete answer.
  public func next() async throws(PostgresError) -> [QueryResult]? {
    guard let command else { return nil }
    // Waiting for a large part of the buffer keeps the chunks large.
    while !command.isFinished && command.rows.count < ahead {
      unsafe await withUnsafeContinuation { unsafe waiter = $0 }
    }
    if let error = command.streamError { throw error }
    let rows = command.takeRows()
    connection.resumeReading()
    return rows.isEmpty ? nil : rows
  }

  func wake() {
    guard let command, command.isFinished || command.rows.count >= ahead else { return }
    let waiter = unsafe self.waiter
    unsafe self.waiter = nil
    unsafe waiter?.resume()
  }
}
