internal import Postgres
package import Reactor
internal import RollcallCore
internal import RollcallLedger

/// How far the reading of both sides is, for whoever shows it.
@Reactor
package final class ReadingMeter {
  package enum Phase: Sendable {
    /// Everybody is read.
    case comparing
    /// Those that differ are planned for.
    case planning
    /// Everybody has been read, and what differs is written.
    case writing
  }

  package var phase = Phase.comparing
  /// People that were read, or planned for.
  package var done = 0
  /// How many there are; nil where nobody knows.
  package var total: Int?

  package init() {}

  package func begin(_ phase: Phase, total: Int? = nil) {
    self.phase = phase
    self.total = total
    done = 0
  }
}

extension Engine {
  /// Keys that wait or are worked on.
  package var waiting: Int { dispatcher.queue.backlog }
}

extension RosterQuery {
  /// About how many people there are, as PostgreSQL's planner estimates it; nil where it does not say.
  @Reactor
  func estimate(_ session: Database) async -> Int? {
    let sql = "EXPLAIN \(keys(inScopeOnly: true))"
    // What goes wrong here goes wrong with the reading itself, which says so.
    let plan = try? await session.reading { session throws(EngineError) -> String? in
      do throws(PostgresError) { return try await session.query(sql).text(0, 0) } catch { throw .database(error) }
    }
    return plan?.firstMatch(of: #/rows=([0-9]+)/#).flatMap { Int($0.1) }
  }
}
