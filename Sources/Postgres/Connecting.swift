internal import CPostgres
internal import Glibc
internal import Reactor

extension PostgresConnection {
  /// Connects and authenticates within `timeout`.
  ///
  /// - Throws: ``PostgresError`` with libpq's message, which contains host and user, never the password.
  public static func open(
    _ options: ConnectionOptions, timeout: Duration = .seconds(10)
  ) async throws(PostgresError) -> PostgresConnection {
    do throws(PostgresError) { return try await connect(options, timeout) } catch {
      // PgBouncer, in the first packet: "unsupported startup parameter: options", or "… in options: search_path".
      guard !options.settings.isEmpty, error.message.contains("unsupported startup parameter") else { throw error }
      let connection = try await connect(options.withoutSettings, timeout)
      try await connection.script(options.script, timeout: timeout)
      return connection
    }
  }

  private static func connect(
    _ options: ConnectionOptions, _ timeout: Duration
  ) async throws(PostgresError) -> PostgresConnection {
    // PQconnectStart resolves host names, which blocks; pointers cannot be passed between threads, numbers can.
    let address = await Reactor.blocking { UInt(bitPattern: unsafe start(options)) }
    guard let connection = unsafe OpaquePointer(bitPattern: address) else {
      throw PostgresError(kind: .connection, message: "libpq could not allocate a connection")
    }
    let opening = unsafe Opening(connection)
    let failure = unsafe await withUnsafeContinuation {
      (continuation: UnsafeContinuation<PostgresError?, Never>) in
      opening.begin(timeout) { unsafe continuation.resume(returning: $0) }
    }
    if let failure {
      unsafe PQfinish(connection)
      throw options.masked(failure)
    }
    return unsafe PostgresConnection(adopting: connection)
  }

  private nonisolated static func start(_ options: ConnectionOptions) -> OpaquePointer? {
    var names: [UnsafePointer<CChar>?] = unsafe []
    var values: [UnsafePointer<CChar>?] = unsafe []
    for (name, value) in options.keywords {
      unsafe names.append(UnsafePointer(strdup(name)))
      unsafe values.append(UnsafePointer(strdup(value)))
    }
    defer {
      var copies = unsafe names + values
      while let text = unsafe copies.popLast() { unsafe free(UnsafeMutablePointer(mutating: text)) }
    }
    return unsafe PQconnectStartParams(names + [nil], values + [nil], 0)
  }
}

/// A connection that is being established with `PQconnectPoll` (PostgreSQL manual, 34.1).
@Reactor @safe
private final class Opening {
  private let connection: OpaquePointer
  private var watch: Watch?
  private var timer: Timer?
  private var completion: (@Reactor (PostgresError?) -> Void)?

  init(_ connection: OpaquePointer) { unsafe self.connection = connection }

  func begin(_ timeout: Duration, _ completion: @escaping @Reactor (PostgresError?) -> Void) {
    self.completion = completion
    timer = Reactor.loop.after(timeout) {
      self.end(PostgresError(kind: .timeout, message: "PostgreSQL has not answered within \(timeout)"))
    }
    if unsafe PQstatus(connection) == CONNECTION_BAD { return end(error()) }
    unsafe PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
    wait(for: .writable)
  }

  /// The socket may change between steps, if several hosts or addresses are tried.
  private func wait(for interest: Interest) {
    watch?.cancel()
    watch = Reactor.loop.watch(unsafe PQsocket(connection), for: interest) { _ in self.step() }
  }

  private func step() {
    switch unsafe PQconnectPoll(connection) {
    case PGRES_POLLING_READING: wait(for: .readable)
    case PGRES_POLLING_WRITING: wait(for: .writable)
    case PGRES_POLLING_OK:
      unsafe PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
      end(nil)
    default: end(error())
    }
  }

  private func error() -> PostgresError {
    RefusedConnection.error(unsafe String(cString: PQerrorMessage(connection)))
  }

  private func end(_ error: PostgresError?) {
    watch?.cancel()
    timer?.cancel()
    let completion = self.completion
    self.completion = nil
    completion?(error)
  }
}
