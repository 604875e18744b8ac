internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallEngine
package import RollcallLedger

/// The journal of one directory, read in pages: memory use does not depend on the number of rows.
@Reactor
package final class JournalReader {
  private let ledger: Ledger

  /// - Throws: ``EngineError`` if the connection string is malformed.
  package init(_ configuration: Configuration) throws(EngineError) {
    ledger = try Ledger(configuration)
  }

  /// Of a ledger whose session is somebody else's.
  package init(_ ledger: Ledger) { self.ledger = ledger }

  package func close() { ledger.database.close() }

  /// Rejects a database without the schema.
  package func requireInstalled() async throws(EngineError) { try await ledger.requireInstalled() }

  /// The rows that a filter selects.
  ///
  /// - Parameters:
  ///   - order: the order of the rows; with a limit the newest rows are read in either order.
  ///   - limit: the maximum number; nil for all.
  ///   - snapshot: selects only rows that it sees; nil for all.
  ///   - id: begins beyond this row; nil at the end of the journal that the order begins with.
  package func pages(
    _ filter: HistoryFilter, _ order: JournalPages.Order, limit: Int?, seenBy snapshot: String? = nil,
    beyond id: Int? = nil
  ) -> JournalPages {
    JournalPages(
      ledger.database, [ledger.directory], filter, order, limit: limit, snapshot: snapshot, last: id)
  }

  /// The newest rows of several directories together that a filter selects.
  ///
  /// - Parameters:
  ///   - limit: the maximum number.
  ///   - id: begins before this row; nil at the end of the journal.
  package static func newest(
    _ database: Database, of directories: [String], _ filter: HistoryFilter, limit: Int, before id: Int?
  ) -> JournalPages {
    JournalPages(database, directories, filter, .newestFirst, limit: limit, snapshot: nil, last: id)
  }

  /// The newest rows of each of several directories, the newest first.
  package static func last(
    _ database: Database, of directories: [String], each limit: Int
  ) async throws(EngineError) -> [HistoryRow] {
    let result = try await database.query(
      """
      SELECT j.* FROM unnest($1::text[]) AS n (name) CROSS JOIN LATERAL (
        SELECT \(HistoryRow.columns) FROM rollcall.journal WHERE directory = n.name ORDER BY id DESC LIMIT \(limit)) AS j
      ORDER BY j.id DESC
      """, [SQLText.array(directories)])
    return (0..<result.rowCount).map { HistoryRow(result, $0) }
  }

  /// The transactions whose rows are visible now.
  package func snapshot() async throws(EngineError) -> String {
    try await ledger.database.query("SELECT pg_current_snapshot()").text(0, 0) ?? ""
  }
}

/// Rows of the journal, a page at a time.
@Reactor
package final class JournalPages {
  package enum Order: Sendable {
    case newestFirst
    case oldestFirst
  }

  private static let size = 200

  private let database: Database
  private let directories: [String]
  private let filter: HistoryFilter
  private let order: Order
  private let limit: Int?
  private let snapshot: String?
  private var last: Int?
  private var count = 0
  private var isOver = false
  /// Whether there are more rows than the limit; known at the end.
  package private(set) var hasMore = false

  init(
    _ database: Database, _ directories: [String], _ filter: HistoryFilter, _ order: Order, limit: Int?,
    snapshot: String?, last: Int?
  ) {
    self.last = last
    self.database = database
    self.directories = directories
    self.filter = filter
    self.order = order
    self.limit = limit
    self.snapshot = snapshot
  }

  /// The next rows; nil at the end.
  package func next() async throws(EngineError) -> [HistoryRow]? {
    guard let limit, order == .oldestFirst else { return try await page(order) }
    if isOver { return nil }
    var rows: [HistoryRow] = []
    while rows.count < limit, let page = try await page(.newestFirst) { rows += page }
    return rows.isEmpty ? nil : rows.reversed()
  }

  private func page(_ order: Order) async throws(EngineError) -> [HistoryRow]? {
    while !isOver {
      let size = size
      let rows = try await read(order, size)
      if rows.count < size { isOver = true }
      last = rows.last?.id ?? last
      var wanted = rows.filter(filter.matches)
      if let limit, count + wanted.count > limit {
        wanted.removeLast(count + wanted.count - limit)
        hasMore = true
        isOver = true
      }
      count += wanted.count
      if !wanted.isEmpty { return wanted }
    }
    return nil
  }

  /// How many rows are read at once: no more than are wanted, where the database selects all by itself.
  private var size: Int {
    guard let limit, filter.dn == nil else { return JournalPages.size }
    return min(JournalPages.size, max(1, limit + 1 - count))
  }

  private func read(_ order: Order, _ size: Int) async throws(EngineError) -> [HistoryRow] {
    let isSingle = directories.count == 1
    var parameters: [String?] = isSingle ? [directories[0]] : [SQLText.array(directories)]
    var conditions = ["directory = \(isSingle ? "$1" : "n.name")"] + filter.conditions(&parameters)
    if let snapshot {
      parameters.append(snapshot)
      conditions.append("pg_visible_in_snapshot(tx, $\(parameters.count)::pg_snapshot)")
    }
    if let last {
      parameters.append("\(last)")
      conditions.append("id \(order == .newestFirst ? "<" : ">") $\(parameters.count)::bigint")
    }
    let selected = "FROM rollcall.journal WHERE \(conditions.joined(separator: " AND "))"
    let first = "ORDER BY id \(order == .newestFirst ? "DESC" : "ASC") LIMIT \(size)"
    // Each directory's first ones are in its own index; of those, the first of all are read.
    let statement =
      isSingle
      ? "SELECT \(HistoryRow.columns) \(selected) \(first)"
      : """
      SELECT \(HistoryRow.columns) FROM rollcall.journal WHERE (directory, id) IN (
        SELECT n.name, j.id FROM unnest($1::text[]) AS n (name) CROSS JOIN LATERAL (SELECT id \(selected) \(first)) AS j
        \(first))
      \(first)
      """
    let result: QueryResult
    do throws(EngineError) {
      result = try await database.query(statement, parameters)
    } catch {
      // invalid_datetime_format and datetime_field_overflow
      guard case .time(let time)? = filter.since, case .database(let failure) = error,
        failure.sqlState == "22007" || failure.sqlState == "22008"
      else { throw error }
      throw .refused("\"\(time)\" is not a time: \(failure.message)")
    }
    return (0..<result.rowCount).map { HistoryRow(result, $0) }
  }
}
