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
    guard let summary = frame.directories.first(where: { $0.name == chosen }) else {
      return NowPage(frame, cards: try await cards(frame.directories))
    }
    let rows = try await journal([summary.name], HistoryFilter(), limit: Self.lastWrites).rows
    return NowPage(
      frame, details: NowPage.Details(summary, hour: try await lastHour(summary.name), writes: rows))
  }

  /// How many writes a card shows: fewer where there are many cards.
  private static func writesOfCard(_ count: Int) -> Int { count > 12 ? 1 : 3 }

  /// What the cards of several directories show, in two statements for all of them.
  private func cards(_ directories: [DirectorySummary]) async throws(EngineError) -> [NowPage.Card] {
    if directories.isEmpty { return [] }
    let names = directories.map(\.name)
    let database = sessions.next
    let rows = try await JournalReader.last(database, of: names, each: Self.writesOfCard(names.count)).map(PageRow.init)
    let writes = Dictionary(grouping: rows, by: \.directory)
    let minutes = try await database.query(
      """
      SELECT n.name, l.lag, w.minutes FROM unnest($1::text[]) AS n (name)
      CROSS JOIN LATERAL (
        SELECT string_agg(s.n::text, ' ' ORDER BY s.place) AS lag FROM (
          SELECT x.place, sum(x.n)::bigint AS n
          FROM rollcall.minute AS m CROSS JOIN LATERAL unnest(m.lag) WITH ORDINALITY AS x (n, place)
          WHERE m.directory = n.name AND m.minute > now() - interval '1 hour' GROUP BY x.place) AS s) AS l
      CROSS JOIN LATERAL (
        SELECT string_agg(extract(epoch FROM m.minute)::bigint || ' ' || m.writes, ' ' ORDER BY m.minute) AS minutes
        FROM rollcall.minute AS m WHERE m.directory = n.name AND m.minute > now() - interval '1 hour') AS w
      """, [SQLText.array(names)])
    var lag: [String: [Int]] = [:]
    var hours: [String: [LastHour.Minute]] = [:]
    for row in 0..<minutes.rowCount {
      let name = minutes.text(row, 0) ?? ""
      lag[name] = (minutes.text(row, 1) ?? "").split(separator: " ").compactMap { Int($0) }
      let numbers = (minutes.text(row, 2) ?? "").split(separator: " ").compactMap { Int($0) }
      hours[name] = stride(from: 0, to: numbers.count - 1, by: 2).map { place in
        LastHour.Minute(at: Moment(seconds: Double(numbers[place])), writes: numbers[place + 1], lag: [])
      }
    }
    return directories.map { summary in
      NowPage.Card(
        summary,
        hour: LastHour(bounds: Self.bounds, minutes: hours[summary.name] ?? [], isFromCommit: false),
        lag: lag[summary.name] ?? [], writes: writes[summary.name] ?? [])
    }
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

  /// Rows of these directories' journals, the newest first, and whether there are more.
  func journal(
    _ names: [String], _ filter: HistoryFilter, limit: Int, before id: Int? = nil
  ) async throws(EngineError) -> (rows: [PageRow], hasMore: Bool) {
    let pages = JournalReader.newest(sessions.next, of: names, filter, limit: limit, before: id)
    var rows: [PageRow] = []
    while let some = try await pages.next() { rows += some.map(PageRow.init) }
    return (rows, pages.hasMore)
  }
}
