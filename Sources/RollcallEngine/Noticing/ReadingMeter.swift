internal import Postgres
package import Reactor
internal import RollcallCore
internal import RollcallLedger

/// The progress of reading both sides, for display.
@Reactor
package final class ReadingMeter {
  package enum Phase: Sendable {
    /// Everything is being read.
    case comparing
    /// The keys that differ are being planned for.
    case planning
    /// Everything has been read, and the differences are being written.
    case writing
  }

  package var phase = Phase.comparing
  /// People that were read, or planned for.
  package var done = 0
  /// The total number of people; nil if it is unknown.
  package var total: Int?

  package init() {}

  package func begin(_ phase: Phase, total: Int? = nil) {
    self.phase = phase
    self.total = total
    done = 0
  }
}

extension Engine {
  /// Keys that are queued or in flight.
  package var waiting: Int { dispatcher.queue.backlog }
}

extension RosterQuery {
  /// The approximate number of people, as estimated by PostgreSQL's planner; nil if there is no estimate.
  @Reactor
  func estimate(_ session: Database) async -> Int? {
    let sql = "EXPLAIN \(keys(inScopeOnly: true))"
    // An error here will also occur in the reading itself, which reports it.
    let plan = try? await session.reading { session throws(EngineError) -> String? in
      do throws(PostgresError) { return try await session.query(sql).text(0, 0) } catch { throw .database(error) }
    }
    return plan?.firstMatch(of: #/rows=([0-9]+)/#).flatMap { Int($0.1) }
  }
}
