internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallEngine
internal import RollcallLedger

/// The leading daemon's backlog, queried once a second on a session of its own.
@Reactor
package final class LeaderBacklog {
  private let ledger: Ledger?
  private var askedAt: ContinuousClock.Instant?
  private var isAsking = false
  /// The number that the daemon has reported within the last seconds; nil if it has not.
  package private(set) var count: Int?

  package init(_ configuration: Configuration) { ledger = try? Ledger(configuration) }

  package func close() { ledger?.database.close() }

  /// Queries it again if that is due.
  package func look() {
    guard let ledger, !isAsking, askedAt.map({ .now - $0 >= .seconds(1) }) ?? true else { return }
    isAsking = true
    askedAt = .now
    Reactor.task {
      // The display does not report errors.
      let found = try? await ledger.database.query(
        """
        SELECT unsettled FROM rollcall.directory
        WHERE name = $1 AND counted_at > clock_timestamp() - interval '10 seconds'
        """, [ledger.directory])
      self.count = found.flatMap { $0.isEmpty ? nil : $0.int(0, 0) }
      self.isAsking = false
    }
  }
}
