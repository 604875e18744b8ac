internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallLedger
internal import RollcallPages

extension LedgerReader {
  private static let lastWrites = 20
  /// The upper bounds of the lag's buckets in `rollcall.minute`, in seconds.
  private static let bounds = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600,
  ]

  func now(_ frame: Frame) async throws(EngineError) -> NowPage {
    let chosen = frame.directory ?? (frame.directories.count == 1 ? frame.directories[0].name : nil)
    guard let summary = frame.directories.first(where: { $0.name == chosen }) else { return NowPage(frame) }
    let rows = try await journal(summary.name, HistoryFilter(), limit: Self.lastWrites).rows
    return NowPage(
      frame, details: NowPage.Details(summary, hour: try await lastHour(summary.name), writes: rows))
  }

  private func lastHour(_ directory: String) async throws(EngineError) -> LastHour {
    let database = sessions.next
    // Two processes may have counted in one minute.
    let rows = try await database.query(
      """
      SELECT \(SQLText.time("minute")), sum(writes)::bigint, array_to_string(ARRAY(
          SELECT sum(l.n)::bigint FROM rollcall.minute AS i CROSS JOIN LATERAL unnest(i.lag) WITH ORDINALITY AS l (n, place)
          WHERE i.directory = m.directory AND i.minute = m.minute GROUP BY l.place ORDER BY l.place), ' ')
      FROM rollcall.minute AS m WHERE directory = $1 AND minute > now() - interval '1 hour'
      GROUP BY directory, minute ORDER BY minute
      """, [directory])
    let isFromCommit = try await database.query("SELECT current_setting('track_commit_timestamp') = 'on'").bool(0, 0)
    return LastHour(
      bounds: Self.bounds,
      minutes: (0..<rows.rowCount).compactMap { row in
        guard let at = rows.text(row, 0).flatMap({ Moment($0) }) else { return nil }
        let lag = (rows.text(row, 2) ?? "").split(separator: " ").compactMap { Int($0) }
        guard lag.count == Self.bounds.count + 1 else { return nil }
        return LastHour.Minute(at: at, writes: rows.int(row, 1) ?? 0, lag: lag)
      }, isFromCommit: isFromCommit)
  }

  // MARK: The journal

  /// Rows of a directory's journal, the newest first, and whether there are more.
  func journal(
    _ directory: String, _ filter: HistoryFilter, limit: Int, before id: Int? = nil
  ) async throws(EngineError) -> (rows: [PageRow], hasMore: Bool) {
    let pages = JournalReader(sessions.ledger(directory)).pages(filter, .newestFirst, limit: limit, beyond: id)
    var rows: [PageRow] = []
    while let some = try await pages.next() { rows += some.map { PageRow($0, directory) } }
    return (rows, pages.hasMore)
  }
}
