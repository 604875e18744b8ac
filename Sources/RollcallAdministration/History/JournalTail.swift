internal import Postgres
package import Reactor
package import RollcallConfiguration
package import RollcallLedger

/// Rows of the journal as they are written, for `history --follow`.
@Reactor
package final class JournalTail {
  /// Notifications are sent only if a follower exists; between them this reader polls.
  private static let patience: Duration = .seconds(1)
  private static let size = 200

  private let configuration: Configuration
  private let filter: HistoryFilter
  /// The snapshot of what has been read: it sees all these rows.
  private var seen: String
  /// The snapshot up to which rows are being read, and the last row's number.
  private var target: String?
  private var last = 0
  private var session: JournalSession?

  /// - Parameter snapshot: where to begin: the first rows are those that it does not see.
  package init(_ configuration: Configuration, _ filter: HistoryFilter, after snapshot: String) {
    self.configuration = configuration
    self.filter = filter
    seen = snapshot
  }

  /// Waits for the next rows, in the order in which they were written.
  ///
  /// - Throws: ``EngineError`` if the session was lost: the next call reconnects, and misses nothing.
  package func next() async throws(EngineError) -> [HistoryRow] {
    do throws(EngineError) {
      while true {
        let session: JournalSession
        if let open = self.session { session = open } else { session = try await .open(configuration) }
        self.session = session
        let rows = try await read(session)
        if !rows.isEmpty { return rows }
        await session.wait(atMost: JournalTail.patience)
      }
    } catch {
      session?.close()
      session = nil
      throw error
    }
  }

  /// The next page of rows that are visible in a later snapshot and not in the last one: numbers are assigned out of
  /// order, and transactions end in any order.
  private func read(_ session: JournalSession) async throws(EngineError) -> [HistoryRow] {
    while true {
      let end: String
      if let target {
        end = target
      } else {
        end = try await session.query("SELECT pg_current_snapshot()").text(0, 0) ?? seen
      }
      if end == seen { return [] }
      target = end
      var parameters: [String?] = [configuration.name, seen, end, "\(last)"]
      let conditions = filter.conditions(&parameters).map { " AND \($0)" }.joined()
      let result = try await session.query(
        """
        SELECT \(HistoryRow.columns) FROM rollcall.journal
        WHERE directory = $1 AND tx::text::bigint >= pg_snapshot_xmin($2::pg_snapshot)::text::bigint
          AND NOT pg_visible_in_snapshot(tx, $2::pg_snapshot) AND pg_visible_in_snapshot(tx, $3::pg_snapshot)
          AND id > $4::bigint\(conditions)
        ORDER BY id LIMIT \(JournalTail.size)
        """, parameters)
      let page = (0..<result.rowCount).map { HistoryRow(result, $0) }
      last = page.last?.id ?? last
      let isWhole = page.count < JournalTail.size
      if isWhole { (seen, target, last) = (end, nil, 0) }
      let rows = page.filter(filter.matches)
      if !rows.isEmpty || isWhole { return rows }
    }
  }
}
