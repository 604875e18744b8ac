internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallLedger

/// A session that is notified when the journal grows, and queries it.
///
/// A notification is a hint: a waiting caller also checks after a while without one.
@Reactor
final class JournalSession {
  /// The payload is the directory's name.
  static let channel = "rollcall_journal"

  private let connection: PostgresConnection
  private var isRung = false
  private var waiter: CheckedContinuation<Void, Never>?
  private var timer: Timer?

  private init(_ connection: PostgresConnection) { self.connection = connection }

  /// Connects and listens.
  static func open(_ configuration: Configuration) async throws(EngineError) -> JournalSession {
    do throws(PostgresError) {
      let options = try ConnectionOptions(
        configuration.source.connection.text, applicationName: "rollcall \(configuration.name) follow")
      // A session that has stopped reading would pin the cluster's notification queue.
      let connection = try await PostgresConnection.open(
        options.settings(SessionSettings.list() + [("idle_session_timeout", "60s"), ("tcp_user_timeout", "20s")]),
        timeout: .seconds(8))
      let session = JournalSession(connection)
      connection.onNotification = { [weak session] notification in
        if notification.payload == configuration.name { session?.ring() }
      }
      connection.onClose = { [weak session] _ in session?.ring() }
      try await connection.script("LISTEN \(channel)", timeout: .seconds(10))
      return session
    } catch {
      throw .database(error)
    }
  }

  func close() { connection.close() }

  @discardableResult
  func query(_ sql: String, _ parameters: [String?] = []) async throws(EngineError) -> QueryResult {
    do throws(PostgresError) { return try await connection.query(sql, parameters) } catch { throw .database(error) }
  }

  /// Waits for a notification, or until the limit; returns at once if one has arrived since the last wait.
  func wait(atMost limit: Duration) async {
    if !isRung, connection.isUsable {
      await withCheckedContinuation { continuation in
        waiter = continuation
        timer = Reactor.loop.after(limit) { [weak self] in self?.ring() }
      }
    }
    isRung = false
  }

  /// Ends a wait.
  func ring() {
    isRung = true
    timer?.cancel()
    waiter?.resume()
    waiter = nil
  }
}
