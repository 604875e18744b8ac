internal import Postgres
package import Reactor
package import RollcallLedger

/// Watches how full PostgreSQL's notification queue is.
///
/// The queue is one for the cluster (8 GB), and any role may fill it: a session that listens and stays in a
/// transaction keeps all that anybody sends. When it is full, each commit that has notified fails. So long before that
/// the bell is silenced, for all directories; then HR's commits notify nobody and cannot fail by it.
@Reactor
package final class QueueWatch {
  /// The share of the queue from which on nobody is to notify, and the one below which it is over.
  package nonisolated static let limit = 0.05
  private static let over = 0.025
  private static let every: Duration = .seconds(1)

  private let database: Database
  private(set) var isFilling = false
  private var task: Task<Void, Never>?
  /// Called when it begins, and when it is over.
  var onChange: (@Reactor () -> Void)?

  init(_ database: Database) { self.database = database }

  /// Looks at once, then every second until ``stop()``.
  func start() async throws(EngineError) {
    stop()
    try await look()
    task = Reactor.task {
      while !Task.isCancelled {
        try? await Reactor.sleep(for: QueueWatch.every)
        if Task.isCancelled { return }
        // A session that is lost is noticed by those who work on it; the watch begins anew with them.
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
      // Other directories' rows too: the daemon of one may be away, and its lease has some time to run.
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
