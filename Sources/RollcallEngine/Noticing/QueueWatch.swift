internal import Postgres
package import Reactor
package import RollcallLedger

/// Monitors how full PostgreSQL's notification queue is.
///
/// The cluster has one queue (8 GB), and any role may fill it: a session that listens and stays in a transaction
/// keeps everything that anybody sends. When it is full, each commit that has notified fails. The gate is therefore
/// closed long before that, for all directories; then HR's commits do not notify and cannot fail because of it.
@Reactor
package final class QueueWatch {
  /// The share of the queue above which nobody may notify, and the one below which this ends.
  package nonisolated static let limit = 0.05
  private static let over = 0.025
  private static let every: Duration = .seconds(1)

  private let database: Database
  private(set) var isFilling = false
  private var task: Task<Void, Never>?
  /// Called when it begins, and when it ends.
  var onChange: (@Reactor () -> Void)?

  init(_ database: Database) { self.database = database }

  /// Checks at once, then every second until ``stop()``.
  func start() async throws(EngineError) {
    stop()
    try await look()
    task = Reactor.task {
      while !Task.isCancelled {
        try? await Reactor.sleep(for: QueueWatch.every)
        if Task.isCancelled { return }
        // The users of a lost session report it; the watch restarts with them.
        try? await self.look()
      }
    }
  }

  func stop() {
    task?.cancel()
    task = nil
  }

  private func look() async throws(EngineError) {
    let usage =
      try await database.query("SELECT pg_notification_queue_usage()", timeout: .seconds(10)).double(0, 0) ?? 0
    let was = isFilling
    isFilling = usage >= (was ? QueueWatch.over : QueueWatch.limit)
    if isFilling {
      // Other directories' rows too: their daemons may be gone, and their leases may not have expired.
      try await database.query("UPDATE rollcall.bell SET armed = false WHERE armed", timeout: .seconds(10))
    }
    if isFilling != was { onChange?() }
  }

  package nonisolated static let problem = ConditionProblem(
    .queue,
    "PostgreSQL's notification queue is filling up, because a listening session stays in a transaction; writers do not notify, "
      + "and the change log is polled",
    fix: "end that session: SELECT pid, usename, application_name, xact_start FROM pg_stat_activity "
      + "WHERE state LIKE 'idle in transaction%' ORDER BY xact_start")
}
