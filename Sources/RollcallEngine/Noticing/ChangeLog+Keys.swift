internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// A row of a further table that the log names, by its key there.
struct ChangedRow: Sendable {
  var key: RosterKey
  /// The newest of its changes.
  var transaction: UInt64
  /// When the first of them was made: microseconds since 1970.
  var at: Int64?
  /// Whether none of them takes anybody's access away.
  var isPlain: Bool

  var origin: Origin {
    var origin = Origin(transaction, at: at)
    origin.isIndirect = true
    return origin
  }
}

extension ChangeLog {
  /// The rows of a query's table that a short stretch of the log names, each once.
  ///
  /// - Returns: nil if it has more than a page of changes of them.
  func rows(ofQuery place: Int, after: String, upTo: String) async throws(EngineError) -> [ChangedRow]? {
    let result = try await database.query(
      """
      WITH few AS MATERIALIZED (
        SELECT xid, key, at FROM rollcall.change WHERE \(ChangedRows.stretch("$1", "$2", "$3"))
        LIMIT \(ChangedRows.page + 1)
      ), \(ChangedRows.marks("$1", "$2", "$3"))
      SELECT \(ChangedRows.columns(self)), (SELECT count(*) FROM few) FROM few AS c GROUP BY c.key
      """, [after, upTo, sources?.ids(ofQuery: place)])
    if result.isEmpty { return [] }
    return result.int(0, 4).map { $0 > ChangedRows.page } == true ? nil : ChangedRows.rows(result)
  }
}

/// The rows of a query's table that a long stretch of the log names, each once, page by page in the order of their keys.
///
/// They are read through a cursor WITH HOLD, as ``ChangeWindow`` reads keys; several may be open in a session.
@Reactor
final class ChangedRows {
  nonisolated static let page = 1000

  private let log: ChangeLog
  private let place: Int
  private let after: String
  private let upTo: String
  private var session: PostgresConnection?
  /// The rows that were returned last: they are returned again until they are done.
  private var last: [ChangedRow] = []

  init(_ log: ChangeLog, ofQuery place: Int, after: String, upTo: String) {
    self.log = log
    self.place = place
    self.after = after
    self.upTo = upTo
  }

  /// The next rows; empty at the end.
  ///
  /// - Parameter done: the last key that is done; the rows begin behind it.
  /// - Throws: ``EngineError``; the next call begins anew.
  func next(beyond done: RosterKey?) async throws(EngineError) -> [ChangedRow] {
    if let end = last.last?.key, end != done { return last }
    do throws(EngineError) {
      if session == nil || session?.isUsable == false { try await open(beyond: done) }
      last = ChangedRows.rows(try await log.database.query("FETCH \(ChangedRows.page) FROM \(name)"))
      return last
    } catch {
      // The session may be in an aborted transaction.
      session = nil
      log.database.close()
      throw error
    }
  }

  /// Lets the server forget the rest.
  func end() async {
    guard let session, session.isUsable else { return }
    self.session = nil
    do throws(PostgresError) { try await session.query("CLOSE \(name)") } catch { log.database.close() }
  }

  private var name: String { "rollcall_rows_\(place)" }

  private func open(beyond last: RosterKey?) async throws(EngineError) {
    let session = try await log.database.session()
    let (after, upTo) = (SQLText.literal(self.after), SQLText.literal(self.upTo))
    let ids = SQLText.literal(log.sources?.ids(ofQuery: place) ?? "{}")
    let rest = last.map { " AND c.key COLLATE \"C\" > \(SQLText.literal($0.text))" } ?? ""
    try await log.database.script(
      """
      BEGIN;
      DECLARE \(name) NO SCROLL CURSOR WITH HOLD FOR WITH \(ChangedRows.marks(after, upTo, ids))
        SELECT \(ChangedRows.columns(log)) FROM rollcall.change AS c WHERE \(ChangedRows.stretch(after, upTo, ids))\(rest)
        GROUP BY c.key ORDER BY c.key COLLATE "C";
      COMMIT
      """, timeout: .seconds(300))
    self.session = session
  }

  /// SQL for the changes of a stretch that are of these sources.
  fileprivate static func stretch(_ after: String, _ upTo: String, _ ids: String) -> String {
    """
    xid >= pg_snapshot_xmin(\(after)::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, \(after)::pg_snapshot)
      AND pg_visible_in_snapshot(xid, \(upTo)::pg_snapshot) AND source = ANY (\(ids)::oid[]) AND key IS NOT NULL
    """
  }

  /// SQL for those of them that can take somebody's access away; without a key it is all of a transaction's.
  fileprivate static func marks(_ after: String, _ upTo: String, _ ids: String) -> String {
    """
    marks AS MATERIALIZED (
      SELECT xid, key FROM rollcall.urgent
      WHERE xid >= pg_snapshot_xmin(\(after)::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, \(after)::pg_snapshot)
        AND pg_visible_in_snapshot(xid, \(upTo)::pg_snapshot) AND (key IS NULL OR source = ANY (\(ids)::oid[]))
    )
    """
  }

  /// SQL for what is told of the changes `c` of one key.
  fileprivate static func columns(_ log: ChangeLog) -> String {
    """
    \(RosterKey.sql("c.key")), max(c.xid::text::bigint),
      \(ChangeLog.microseconds("min(\(ChangeLog.made("c.", hasCommitTimes: log.hasCommitTimes)))")),
      NOT bool_or((c.xid, c.key) IN (SELECT xid, key FROM marks) OR c.xid IN (SELECT xid FROM marks WHERE key IS NULL))
    """
  }

  fileprivate static func rows(_ result: QueryResult) -> [ChangedRow] {
    (0..<result.rowCount).compactMap { row in
      guard let key = result.key(row, 0), let transaction = result.text(row, 1).flatMap({ UInt64($0) }) else {
        return nil
      }
      return ChangedRow(
        key: key, transaction: transaction, at: result.int(row, 2).map { Int64($0) }, isPlain: result.bool(row, 3))
    }
  }
}
