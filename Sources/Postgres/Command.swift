internal import CPostgres
internal import DequeModule
internal import Reactor

/// One statement in progress: how it is sent, and its continuation.
@Reactor
final class Command {
  enum Text {
    /// The simple protocol: several statements, no parameters.
    case script(String)
    case statement(String, [String?])
    case prepare(name: String, String)
    case execute(name: String, [String?])
    case describe(name: String)
    /// A statement in a read-only transaction of its own that is always rolled back.
    case read(String, [String?], limit: Duration?)
    /// The same of a statement that the session keeps. What no rollback undoes is left to ``clean``.
    case readKept(String, [String?], limit: Duration?, anew: Bool)
    case clean
  }

  private let text: Text
  let timeout: Duration?
  let isStream: Bool
  private let saturation: Int
  private var last: QueryResult?
  private var error: PostgresError?
  private var completion: (@Reactor (Result<QueryResult?, PostgresError>) -> Void)?
  /// Rows of a stream that have not been taken yet.
  private(set) var rows = Deque<QueryResult>()
  private var onRows: (@Reactor () -> Void)?
  private(set) var isFinished = false
  /// The number of the pipeline's synchronization points that have arrived.
  private var syncs = 0
  /// For a read: the settings before it.
  private var settings: [String?] = []

  init(
    _ text: Text, timeout: Duration?,
    completion: @escaping @Reactor (Result<QueryResult?, PostgresError>) -> Void
  ) {
    self.text = text
    self.timeout = timeout
    self.completion = completion
    isStream = false
    saturation = .max
  }

  /// A statement whose rows are delivered one by one, at most `saturation` ahead of the consumer.
  init(streaming text: Text, timeout: Duration?, saturation: Int, onRows: @escaping @Reactor () -> Void) {
    self.text = text
    self.timeout = timeout
    self.saturation = saturation
    self.onRows = onRows
    isStream = true
  }

  /// Whether the statement is sent as a pipeline, whose end is not signalled by a missing result.
  var isPipeline: Bool { isRead || isClean }
  private var isRead: Bool { if case .read = text { true } else { isKept } }
  private var isClean: Bool { if case .clean = text { true } else { false } }
  /// Whether the session is still to be cleaned.
  var isKept: Bool { if case .readKept = text { true } else { false } }
  /// Whether the answer is complete, though its transaction may not have ended yet.
  var isAnswered: Bool { isRead && syncs > 0 }
  /// Whether the whole pipeline has been answered: a read has two synchronization points.
  var isPipelineOver: Bool { syncs == (isRead ? 2 : 1) }

  var isSaturated: Bool { isStream && rows.count >= saturation }
  var streamError: PostgresError? { error }
  var hasFailed: Bool { error != nil }

  /// Passes the statement to libpq; false if libpq refuses it.
  func send(_ connection: OpaquePointer, _ parsed: inout ParsedStatements) -> Bool {
    if case .readKept(let sql, let parameters, let limit, let anew) = text {
      return unsafe sendKept(sql, parameters, limit, anew: anew, &parsed, connection)
    }
    parsed.note(text)
    guard unsafe send(text, connection) else { return false }
    return isStream ? unsafe PQsetSingleRowMode(connection) == 1 : true
  }

  /// The statement that reads is the unnamed one of the protocol, which stays parsed until the next one without a name,
  /// and which no SQL can replace (PostgreSQL manual, "Extended Query"). The names of those before it are parsed each
  /// time: should code have left others under these names, that is an error.
  private func sendKept(
    _ sql: String, _ parameters: [String?], _ limit: Duration?, anew: Bool, _ parsed: inout ParsedStatements,
    _ connection: OpaquePointer
  ) -> Bool {
    settings = unsafe Command.reported(connection)
    guard unsafe PQenterPipelineMode(connection) == 1,
      unsafe run("rollcall_begin", "BEGIN READ ONLY", connection)
    else { return false }
    if let limit {
      let setting = "SET LOCAL statement_timeout = \(Int(limit / .milliseconds(1)))"
      guard unsafe run("rollcall_limit", setting, connection) else { return false }
    }
    if anew || parsed.unnamed != sql {
      guard unsafe send(.prepare(name: "", sql), connection) else { return false }
      parsed.unnamed = sql
    }
    guard unsafe send(.execute(name: "", parameters), connection), unsafe PQpipelineSync(connection) == 1,
      unsafe run("rollcall_end", Command.rollback, connection)
    else { return false }
    return unsafe PQpipelineSync(connection) == 1
  }

  private func run(_ name: String, _ sql: String, _ connection: OpaquePointer) -> Bool {
    unsafe send(.prepare(name: name, sql), connection) && send(.execute(name: name, []), connection)
  }

  /// Undoes what a rollback does not, and leaves the unnamed statement.
  private func sendClean(_ connection: OpaquePointer) -> Bool {
    guard unsafe PQenterPipelineMode(connection) == 1 else { return false }
    for (index, statement) in Command.cleaning.enumerated() {
      guard unsafe run("rollcall_clean_\(index)", statement, connection) else { return false }
    }
    return unsafe PQpipelineSync(connection) == 1
  }

  private static let rollback = "ROLLBACK"
  private static let cleaning = ["SELECT pg_catalog.pg_advisory_unlock_all()", "DEALLOCATE ALL"]

  /// The end of the transaction follows a synchronization point of its own: an error before it skips only the
  /// commands before it (PostgreSQL manual, 34.5.1). The statement has no name, because code that it calls could
  /// redefine a named one for the next time. Effects that a rollback does not undo are removed as well: session
  /// locks, and statements that were prepared in the session.
  private func sendRead(
    _ sql: String, _ parameters: [String?], _ limit: Duration?, _ connection: OpaquePointer
  ) -> Bool {
    settings = unsafe Command.reported(connection)
    guard unsafe PQenterPipelineMode(connection) == 1,
      unsafe send(.statement("BEGIN READ ONLY", []), connection)
    else { return false }
    if let limit {
      let setting = "SET LOCAL statement_timeout = \(Int(limit / .milliseconds(1)))"
      guard unsafe send(.statement(setting, []), connection) else { return false }
    }
    guard unsafe send(.statement(sql, parameters), connection), unsafe PQpipelineSync(connection) == 1
    else { return false }
    for statement in [Command.rollback] + Command.cleaning {
      guard unsafe send(.statement(statement, []), connection) else { return false }
    }
    return unsafe PQpipelineSync(connection) == 1
  }

  /// Settings that determine how values are formatted and whose changes the server reports automatically.
  private static let reportedNames = [
    "client_encoding", "DateStyle", "IntervalStyle", "TimeZone", "standard_conforming_strings", "session_authorization",
  ]

  private static func reported(_ connection: OpaquePointer) -> [String?] {
    reportedNames.map { name in
      unsafe PQparameterStatus(connection, name).map { unsafe String(cString: $0) }
    }
  }

  /// Rejects an answer during which code has changed how values are formatted, since other rows are affected. Call it
  /// after a result was taken; the rollback follows the first synchronization point of the pipeline.
  func lookAtSettings(_ connection: OpaquePointer) {
    guard isRead, syncs == 1, error == nil, !isFinished else { return }
    let now = unsafe Command.reported(connection)
    guard let index = now.indices.first(where: { now[$0] != settings[$0] }) else { return }
    // 38000 is external_routine_exception.
    error = PostgresError(
      kind: .server, sqlState: "38000",
      message: "a function has changed the session's \(Command.reportedNames[index]), which determines how all "
        + "values are written; use a SET clause in CREATE FUNCTION to change it for the function alone")
  }

  private func send(_ text: Text, _ connection: OpaquePointer) -> Bool {
    let sent: Int32
    switch text {
    case .read(let sql, let parameters, let limit): return unsafe sendRead(sql, parameters, limit, connection)
    case .readKept: return false
    case .clean: return unsafe sendClean(connection)
    case .script(let sql): sent = unsafe PQsendQuery(connection, sql)
    case .prepare(let name, let sql): sent = unsafe PQsendPrepare(connection, name, sql, 0, nil)
    case .describe(let name): sent = unsafe PQsendDescribePrepared(connection, name)
    case .statement(let sql, let parameters):
      sent = unsafe withTextParameters(parameters) { values in
        unsafe PQsendQueryParams(connection, sql, Int32(parameters.count), nil, values, nil, nil, 0)
      }
    case .execute(let name, let parameters):
      sent = unsafe withTextParameters(parameters) { values in
        unsafe PQsendQueryPrepared(connection, name, Int32(parameters.count), values, nil, nil, 0)
      }
    }
    return sent == 1
  }

  func take(_ result: QueryResult) {
    switch result.status {
    case PGRES_SINGLE_TUPLE:
      rows.append(result)
      onRows?()
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
      // The first error is the cause; later ones in a script are its consequences.
      if error == nil { error = result.error }
    case PGRES_PIPELINE_SYNC: syncs += 1
    // Skipped, because a command before it has failed.
    case PGRES_PIPELINE_ABORTED: break
    // BEGIN returns no rows, and the results after the statement are not needed.
    case PGRES_COMMAND_OK where isPipeline: break
    case PGRES_TUPLES_OK where isPipeline && syncs > 0: break
    default: last = result
    }
  }

  /// Completes the command once: with the collected result for nil, otherwise with the connection's error.
  func finish(_ failure: Result<QueryResult?, PostgresError>?) {
    guard !isFinished else { return }
    isFinished = true
    if case .failure(let lost)? = failure {
      // The server's last message is the cause, but the connection is gone.
      error?.kind = lost.kind
      if error == nil { error = lost }
    }
    let completion = self.completion
    self.completion = nil
    completion?(error.map { .failure($0) } ?? .success(last))
    onRows?()
    onRows = nil
  }

  func takeRows() -> [QueryResult] {
    let taken = Array(rows)
    rows.removeAll(keepingCapacity: true)
    return taken
  }
}

/// Calls `body` with the parameters in libpq's form: null-terminated text, NULL for nil.
///
/// PostgreSQL's text cannot contain a NUL; a parameter is truncated there, like any C string.
private func withTextParameters<T>(
  _ parameters: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> T
) -> T {
  var text: [UInt8] = []
  var offsets: [Int] = []
  for parameter in parameters {
    guard let parameter else {
      offsets.append(-1)
      continue
    }
    offsets.append(text.count)
    text.append(contentsOf: parameter.utf8)
    text.append(0)
  }
  return unsafe text.withUnsafeBytes { buffer in
    let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
    var pointers: [UnsafePointer<CChar>?] = unsafe []
    for offset in offsets {
      if offset >= 0, let start = unsafe start {
        unsafe pointers.append(start + offset)
      } else {
        unsafe pointers.append(nil)
      }
    }
    return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  }
}
