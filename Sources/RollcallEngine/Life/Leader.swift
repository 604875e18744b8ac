internal import Logging
internal import Postgres
internal import Reactor
internal import RollcallCore

/// Holds the lock that makes this process the only one that writes to the directory.
///
/// A two-integer advisory lock on a session that the server ends when it has been idle for ten seconds: a frozen
/// process, whose connection looks healthy, loses the lock by that. The process itself stops writing when its last
/// confirmation is older than ``validity``, by a clock that runs while it is stopped.
@Reactor
final class Leader {
  /// The first integer of the lock, the same for every Rollcall: "roll" in ASCII.
  static let lockClass: Int32 = 0x726f_6c6c
  private static let confirmEvery: Duration = .seconds(3)
  private static let validity: Duration = .seconds(8)

  private let database: Database
  private var object: Int32 = 0
  private var confirmed: ContinuousClock.Instant?
  private var keeper: Task<Void, Never>?
  var onLost: (@Reactor (EngineError) -> Void)?

  init(_ options: ConnectionOptions) { database = Database(options) }

  /// Whether a write may be sent now.
  var mayWrite: Bool { confirmed.map { ContinuousClock.now - $0 < Leader.validity } ?? false }

  /// What is written to, for the lock; two processes with one subject exclude each other.
  nonisolated static func subject(server: String, base: String) -> String { server + " " + base }

  /// The second integer of the lock.
  static func object(for subject: String) -> Int32 {
    var hash = StableHash()
    hash.combine(subject.utf8)
    return Int32(truncatingIfNeeded: hash.value)
  }

  /// Tries to become the leader.
  ///
  /// - Parameter subject: what is written to; two processes with one subject exclude each other.
  func tryToLead(subject: String) async throws(EngineError) -> Bool {
    if mayWrite { return true }
    object = Leader.object(for: subject)
    let asked = ContinuousClock.now
    try await database.query("SET idle_session_timeout = '10s'", timeout: .seconds(5))
    let result = try await database.query(
      "SELECT pg_try_advisory_lock(\(Leader.lockClass), \(object))", timeout: .seconds(5))
    guard result.bool(0, 0) else { return false }
    confirmed = asked
    keeper?.cancel()
    keeper = Reactor.task { await self.keep() }
    return true
  }

  private func keep() async {
    while !Task.isCancelled {
      do {
        try await Reactor.sleep(for: Leader.confirmEvery)
      } catch { return }
      // The moment before the question counts: the answer may have been under way while we were stopped.
      let asked = ContinuousClock.now
      do throws(EngineError) {
        let held = try await database.query(
          """
          SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
            AND classid = \(UInt32(bitPattern: Leader.lockClass)) AND objid = \(UInt32(bitPattern: object))
          """, timeout: .seconds(4))
        if held.isEmpty {
          throw .database(PostgresError(kind: .connection, message: "the leader's lock is gone"))
        }
        confirmed = asked
      } catch {
        if Task.isCancelled { return }
        resign()
        onLost?(error)
        return
      }
    }
  }

  /// Gives the lock back.
  func resign() {
    confirmed = nil
    keeper?.cancel()
    keeper = nil
    database.close()
  }
}
