internal import CPostgres
internal import DequeModule
public import Reactor

/// A notification sent by `NOTIFY`.
public struct Notification: Sendable, Equatable {
  public var channel: String
  public var payload: String
  /// The process id of the backend that sent it.
  public var backend: Int
}

/// A connection to one PostgreSQL session, non-blocking on the reactor.
///
/// Statements are sent in the order of the calls, one at a time; those of urgent tasks (``StatementPriority``) overtake
/// others. Once the connection is lost every statement fails and the object stays unusable: create a new one.
@Reactor @safe
public final class PostgresConnection {
  private var connection: OpaquePointer?
  private var watch: Watch?
  private var waiting = WaitingCommands()
  private var active: Command?
  private var parsed = ParsedStatements()
  private var deadline: Timer?
  private var cleaning: Timer?
  private var closeReason: PostgresError?
  private var onIdle: (@Reactor () -> Void)?

  /// Called for each notification, in order, whenever input is read.
  public var onNotification: (@Reactor (Notification) -> Void)?
  /// Called once when the connection is lost, not when ``close()`` closes it.
  public var onClose: (@Reactor (PostgresError) -> Void)?

  /// Takes ownership of an established connection.
  init(adopting connection: OpaquePointer) {
    unsafe self.connection = connection
    unsafe PQsetnonblocking(connection, 1)
    // Notices are hints for interactive users.
    unsafe PQsetNoticeReceiver(connection, { _, _ in }, nil)
    watch = Reactor.loop.watch(unsafe PQsocket(connection), for: .readable) { [weak self] ready in
      self?.advance(ready)
    }
  }

  isolated deinit { close() }

  public var isUsable: Bool { unsafe connection != nil }

  /// The server's version as a number, such as 150004 for 15.4; 0 once the connection is lost.
  public var serverVersion: Int {
    guard let connection = unsafe connection else { return 0 }
    return Int(unsafe PQserverVersion(connection))
  }

  /// The process id of the session's backend.
  public var backendID: Int {
    guard let connection = unsafe connection else { return 0 }
    return Int(unsafe PQbackendPID(connection))
  }

  /// Ends the session; statements in progress fail.
  public func close() {
    onClose = nil
    fail(PostgresError(kind: .connection, message: "the connection has been closed"))
  }

  /// Ends the session when all pending statements are answered; no more can be sent.
  public func closeWhenIdle(_ then: @escaping @Reactor () -> Void) {
    onIdle = then
    endIfIdle()
  }

  private func endIfIdle() {
    guard active == nil, waiting.isEmpty, let onIdle else { return }
    self.onIdle = nil
    close()
    onIdle()
  }

  func submit(_ command: Command) {
    guard unsafe connection != nil else {
      return command.finish(
        .failure((closeReason ?? PostgresError(kind: .connection, message: "not connected")).unsent))
    }
    waiting.append(command, isUrgent: StatementPriority.isUrgent)
    if active == nil { startNext() }
  }

  /// Resumes reading after a stream's consumer has caught up.
  func resumeReading() {
    guard let command = active, command.isStream else { return }
    watch?.interest.insert(.readable)
    if deadline == nil { armDeadline(command) }
    collect()
  }

  private func startNext() {
    while active == nil, let command = waiting.next() {
      guard let connection = unsafe connection else { return }
      active = command
      guard unsafe command.send(connection, &parsed) else { return fail(lastError(of: .connection)) }
      armDeadline(command)
      flush()
    }
  }

  private func armDeadline(_ command: Command) {
    deadline?.cancel()
    deadline = command.timeout.map { timeout in
      Reactor.loop.after(timeout) { [weak self] in
        self?.fail(PostgresError(kind: .timeout, message: "PostgreSQL has not answered within \(timeout)"))
      }
    }
  }

  private func flush() {
    guard let connection = unsafe connection else { return }
    switch unsafe PQflush(connection) {
    case 0: watch?.interest.remove(.writable)
    case 1: watch?.interest.insert(.writable)
    default: fail(lastError(of: .connection))
    }
  }

  private func advance(_ ready: Interest) {
    guard let connection = unsafe connection else { return }
    if ready.contains(.writable) { flush() }
    guard ready.contains(.readable) else { return }
    guard unsafe PQconsumeInput(connection) == 1 else {
      // A server that shuts down reports this before it disconnects (57P01); that message takes precedence.
      collect()
      return fail(lastError(of: .connection))
    }
    collect()
    drainNotifications()
  }

  /// Takes the results that have arrived, and starts the next statement when a result is complete.
  private func collect() {
    while let connection = unsafe connection, let command = active, unsafe PQisBusy(connection) == 0 {
      if command.isSaturated {
        watch?.interest.remove(.readable)
        // The consumer is slow, not the server.
        deadline?.cancel()
        deadline = nil
        return
      }
      let pointer = unsafe PQgetResult(connection)
      if let pointer = unsafe pointer { command.take(unsafe QueryResult(ResultHandle(pointer))) }
      unsafe command.lookAtSettings(connection)
      if command.isPipeline {
        // Nobody waits for the end of the transaction; the next statement does.
        if command.isAnswered { command.finish(nil) }
        // Between the results of a pipeline's statements there is none.
        guard command.isPipelineOver else {
          if unsafe PQstatus(connection) == CONNECTION_BAD { break }
          continue
        }
        guard unsafe PQexitPipelineMode(connection) == 1 else { return fail(lastError(of: .connection)) }
      } else if unsafe pointer != nil {
        if command.isStream { armDeadline(command) }
        continue
      }
      active = nil
      deadline?.cancel()
      deadline = nil
      command.finish(nil)
      if command.isKept { return cleanSoon(after: command) }
      startNext()
      endIfIdle()
    }
    if let connection = unsafe connection, unsafe PQstatus(connection) == CONNECTION_BAD {
      fail(lastError(of: .connection))
    }
  }

  /// Has the session cleaned after a read before any other statement, and a moment later at the latest: so that it does
  /// not compete with what the rows were read for.
  private func cleanSoon(after command: Command) {
    guard let connection = unsafe connection else { return }
    guard unsafe PQtransactionStatus(connection) == PQTRANS_IDLE else {
      return fail(PostgresError(kind: .connection, message: "code of the session keeps its transaction open"))
    }
    if command.hasFailed { parsed.unnamed = nil }
    let clean = Command(.clean, timeout: PostgresConnection.defaultTimeout) { [weak self] result in
      // Whoever reads next must not find what code has left behind.
      if case .failure(let error) = result { self?.fail(error) }
    }
    waiting.prepend(clean)
    cleaning = Reactor.loop.after(.milliseconds(1)) { [weak self] in self?.startNext() }
  }

  private func drainNotifications() {
    while let connection = unsafe connection, let found = unsafe PQnotifies(connection) {
      let notification = unsafe Notification(
        channel: String(cString: found.pointee.relname), payload: String(cString: found.pointee.extra),
        backend: Int(found.pointee.be_pid))
      unsafe PQfreemem(found)
      onNotification?(notification)
    }
  }

  private func lastError(of kind: PostgresError.Kind) -> PostgresError {
    guard let connection = unsafe connection, let text = unsafe PQerrorMessage(connection) else {
      return PostgresError(kind: kind, message: "the connection is gone")
    }
    let message = unsafe String(cString: text).trimmed
    return PostgresError(kind: kind, message: message.isEmpty ? "the connection is gone" : message)
  }

  private func fail(_ error: PostgresError) {
    guard let connection = unsafe connection else { return }
    closeReason = error
    watch?.cancel()
    watch = nil
    cleaning?.cancel()
    cleaning = nil
    deadline?.cancel()
    deadline = nil
    unsafe PQfinish(connection)
    unsafe self.connection = nil
    let (sent, unsent) = (active, waiting.takeAll())
    active = nil
    sent?.finish(.failure(error))
    for command in unsent { command.finish(.failure(error.unsent)) }
    let onClose = self.onClose
    self.onClose = nil
    onClose?(error)
  }
}
