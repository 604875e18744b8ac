internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Listens on the channel `rollcall` in a dedicated session, and reconnects forever.
///
/// A notification is a hint: the read of the log that follows every `LISTEN` finds what was missed while the session
/// was disconnected.
@Reactor
final class Listener {
  /// How often the connection and the registration are probed, and how long the answer may take.
  private static let probeEvery: Duration = .seconds(4)
  private static let probeTimeout: Duration = .seconds(4)

  private let options: ConnectionOptions
  private let events: Events
  /// The listening session; tests use it to remove its registration.
  private(set) var connection: PostgresConnection?
  /// Called after each LISTEN, to read the state.
  var onListening: (@Reactor () -> Void)?
  var onPayload: (@Reactor (NotificationPayload?) -> Void)?
  private(set) var isListening = false
  /// Called when nobody listens any more.
  var onDeaf: (@Reactor () -> Void)?

  init(_ options: ConnectionOptions, _ events: Events) {
    // A listener that has stopped reading (its process is stopped) would pin the notification queue, and HR's commits
    // fail when that is full. The first setting ends a session that has not probed for this long; the second ends one
    // whose socket is full, which is not idle.
    self.options = options.settings(
      SessionSettings.list(timeout: 10_000) + [("idle_session_timeout", "30s"), ("tcp_user_timeout", "20s")])
    self.events = events
  }

  /// Listens until the task is cancelled.
  func run() async {
    var attempt = 0
    while !Task.isCancelled {
      do throws(PostgresError) {
        let connection = try await PostgresConnection.open(options, timeout: .seconds(8))
        if Task.isCancelled { return connection.close() }
        self.connection = connection
        try await listen(on: connection)
        attempt = 0
        isListening = true
        onListening?()
        try await probe(connection)
      } catch {
        if isListening || attempt == 0 { events.emit(.failed(.listening, "\(error)")) }
      }
      if isListening { onDeaf?() }
      isListening = false
      connection?.close()
      connection = nil
      attempt += 1
      let backoff = Backoff(base: .milliseconds(100), cap: .seconds(5))
      try? await Reactor.sleep(for: backoff.delay(attempt: attempt, random: Double.random(in: 0..<1)))
    }
  }

  func close() {
    connection?.close()
    connection = nil
  }

  private func listen(on connection: PostgresConnection) async throws(PostgresError) {
    connection.onNotification = { [weak self] notification in
      guard notification.channel == NotificationPayload.channel else { return }
      self?.onPayload?(NotificationPayload(parsing: notification.payload))
    }
    try await connection.script("LISTEN \(NotificationPayload.channel)", timeout: Listener.probeTimeout)
    try await requireRegistration(connection)
  }

  /// Returns when the connection or the registration is lost.
  private func probe(_ connection: PostgresConnection) async throws(PostgresError) {
    while !Task.isCancelled, connection.isUsable {
      try? await Reactor.sleep(for: Listener.probeEvery)
      if Task.isCancelled { return }
      try await requireRegistration(connection)
    }
  }

  private func requireRegistration(_ connection: PostgresConnection) async throws(PostgresError) {
    let channels = try await connection.query(
      "SELECT pg_listening_channels()", timeout: Listener.probeTimeout)
    let names = (0..<channels.rowCount).compactMap { channels.text($0, 0) }
    if !names.contains(NotificationPayload.channel) { throw Listener.registrationLost }
  }

  /// A transaction pooler assigns each statement to any server session, so LISTEN is lost at once.
  static let registrationLost = PostgresError(
    kind: .connection,
    message: "LISTEN does not last on this connection: a pooler in transaction mode is in between, "
      + "or somebody ran UNLISTEN; connect to PostgreSQL directly")
}
