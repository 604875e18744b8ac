internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// The columns of a row of `rollcall.change` that the engine needs.
struct LoggedChange: Sendable, Hashable {
  var xid: String
  /// Nil means all keys: the table was truncated.
  var key: RosterKey?
}

/// A key in the log, with its origin.
struct LoggedKey: Sendable {
  /// Nil means all keys.
  var key: RosterKey?
  var origin: Origin
  /// Whether none of its changes takes the person's access away by itself.
  var isPlain = false
}

/// The changes that a read of the change log found beyond the last snapshot.
struct Look: Sendable {
  /// The snapshot of the read, `pg_snapshot` as text.
  var snapshot: String
  /// The database's time of the read, as text.
  var at: String
  /// Changes beyond the last snapshot, unless there are too many for one result.
  var changes: [LoggedChange]
  /// The time at which each was logged, in their order: microseconds since 1970.
  var times: [Int64] = []
  /// Which of all changes beyond the last snapshot are urgent.
  var marks = UrgentMarks()
  /// The first of them; of a long window, of its beginning.
  var oldest: Int64?
  /// Whether the window has to be read in pages instead.
  var isBulk: Bool
  /// The number of changes found, including those of other directories' sources.
  var found = 0
  /// The queries that find people whom some of them concern, by their places; of a long window, all of them.
  var queries: Set<Int> = []
  /// How often logging was stopped or resumed, and whether it is stopped now.
  var stops = 0
  var isFull = false

  /// Whether its snapshot ends before another one: transaction ids are being reused.
  func isBehind(_ other: Snapshot) -> Bool { Snapshot(snapshot).map { $0.end < other.end } ?? false }
}

/// Reads `rollcall.change` by snapshots.
///
/// A change belongs to the window (W, S] exactly if it is visible in S and was not in W, so neither a late
/// committer nor a long transaction is lost or holds up anybody else.
@Reactor
package final class ChangeLog {
  /// Rows that one read returns directly; a longer window is read in pages.
  private static let most = 1000
  private static let portion = 50_000

  /// SQL for a time as microseconds since 1970.
  static func microseconds(_ time: String) -> String { "(date_part('epoch', \(time)) * 1e6)::bigint" }

  /// SQL for when a row's change was made.
  ///
  /// - Parameter hasCommitTimes: PostgreSQL keeps the times of commits; of a transaction of which it has none the
  ///   trigger's counts.
  static func made(_ row: String, hasCommitTimes: Bool) -> String {
    hasCommitTimes ? "coalesce(pg_xact_commit_timestamp(\(row)xid::xid), \(row)at)" : "\(row)at"
  }

  let database: Database
  let sources: ChangeSources?
  let hasCommitTimes: Bool

  /// - Parameter sources: the sources of the directory; nil means all.
  init(_ database: Database, _ sources: ChangeSources? = nil, hasCommitTimes: Bool = false) {
    self.database = database
    self.sources = sources
    self.hasCommitTimes = hasCommitTimes
  }

  /// Reads everything beyond the snapshot `seen`.
  func look(beyond seen: String) async throws(EngineError) -> Look {
    let result = try await database.execute(
      hasCommitTimes ? "look_commit" : "look",
      """
      SELECT pg_current_snapshot()::text, clock_timestamp()::text, c.xid::text, \(RosterKey.sql("c.key")), c.source::oid::text,
        stops, is_full, \(ChangeLog.microseconds(ChangeLog.made("c.", hasCommitTimes: hasCommitTimes))), is_mark
      FROM (VALUES (coalesce(pg_sequence_last_value('rollcall.stops'), 0),
        coalesce(pg_sequence_last_value('rollcall.ring') = 1, false))) AS always (stops, is_full) LEFT JOIN LATERAL (
        (SELECT xid, key, source::oid, at, false AS is_mark FROM rollcall.change
         WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
           AND xid < pg_snapshot_xmax(pg_current_snapshot())
         LIMIT \(ChangeLog.most + 1))
        UNION ALL
        (SELECT xid, key, source, NULL, true FROM rollcall.urgent
         WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
           AND xid < pg_snapshot_xmax(pg_current_snapshot()))) AS c ON true
      """, [seen])
    var look = Look(
      snapshot: result.text(0, 0) ?? seen, at: result.text(0, 1) ?? "", changes: [], isBulk: false,
      stops: result.int(0, 5) ?? 0, isFull: result.bool(0, 6))
    var rows: [Int] = []
    for row in 0..<result.rowCount {
      guard let xid = result.text(row, 2) else { continue }
      guard result.bool(row, 8) else {
        rows.append(row)
        continue
      }
      let key = result.key(row, 3)
      if key != nil, let sources, let source = result.text(row, 4), !sources.contain(source) { continue }
      if let transaction = UInt64(xid) { look.marks.add(transaction, key) }
    }
    look.isBulk = rows.count > ChangeLog.most
    look.found = min(rows.count, ChangeLog.most)
    if look.isBulk {
      look.oldest = rows.compactMap { result.int($0, 7).map { Int64($0) } }.min()
      return look
    }
    for row in rows {
      guard let xid = result.text(row, 2) else { continue }
      let key = result.key(row, 3)
      if let sources, let source = result.text(row, 4) {
        let queries = sources.queries(of: source)
        if key != nil { look.queries.formUnion(queries) }
        if !sources.contain(source), key != nil || queries.isEmpty { continue }
      }
      look.changes.append(LoggedChange(xid: xid, key: key))
      look.times.append(Int64(result.int(row, 7) ?? 0))
    }
    look.oldest = look.times.min()
    return look
  }

  /// Whether a read would find anything, even changes of other directories' sources: the snapshot moves past them.
  /// - Parameter stops: the last known number of times that logging was stopped or resumed.
  func hasNews(beyond seen: String, stops: Int) async throws(EngineError) -> Bool {
    let result = try await database.execute(
      "news",
      """
      SELECT EXISTS (SELECT FROM rollcall.change
        WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
          AND xid < pg_snapshot_xmax(pg_current_snapshot()))
        OR coalesce(pg_sequence_last_value('rollcall.stops'), 0) <> $2
        OR coalesce(pg_sequence_last_value('rollcall.ring') = 1, false)
      """, [seen, "\(stops)"])
    return result.bool(0, 0)
  }

  /// The current snapshot, for a watermark that starts now.
  func now() async throws(EngineError) -> (snapshot: String, at: String) {
    let result = try await database.query("SELECT pg_current_snapshot()::text, clock_timestamp()::text")
    return (result.text(0, 0) ?? "", result.text(0, 1) ?? "")
  }

  /// Deletes what every directory has settled, and gives up the watermark of one that is too far behind.
  func prune() async throws(EngineError) {
    // In portions, so that no transaction lasts long and no lock makes anybody wait for long.
    while true {
      let pruned = try await database.query(
        "SELECT rollcall.prune(batch => \(ChangeLog.portion))", timeout: .seconds(120))
      guard let count = pruned.int(0, 0), count >= ChangeLog.portion else { return }
    }
  }

  /// Deletes rows of the journal that are older than their directories keep them, by the database's clock.
  func pruneJournal() async throws(EngineError) {
    while true {
      let pruned = try await database.query("SELECT rollcall.prune_journal()", timeout: .seconds(120))
      guard let count = pruned.int(0, 0), count > 0 else { return }
    }
  }
}

extension ChangeLog {
  /// Prunes an oversized log, on a session of its own, for a few seconds at most.
  ///
  /// Every command that reads the database calls it, because there may be no daemon to do it. The command does not
  /// fail if its role lacks the right or the database does not answer.
  package static func pruneIfLarge(_ configuration: Configuration) async {
    guard let session = try? Database(configuration, timeout: 5_000) else { return }
    defer { session.close() }
    do throws(EngineError) {
      let limit = "SELECT pg_relation_size('rollcall.change') / 60 > changes FROM rollcall.log_limit"
      let found = try await session.query(limit)
      guard !found.isEmpty, found.bool(0, 0) else { return }
      let deadline = ContinuousClock.now + .seconds(5)
      while ContinuousClock.now < deadline {
        let pruned = try await session.query("SELECT rollcall.prune(batch => \(ChangeLog.portion))")
        guard let count = pruned.int(0, 0), count >= ChangeLog.portion else { return }
      }
    } catch {
      return
    }
  }
}

/// A long window of the change log, whose keys are returned in pages.
///
/// The keys are read through a cursor WITH HOLD: the server keeps the distinct keys on its disk, no transaction stays
/// open, and the client holds one page. Each session reads one window at a time.
@Reactor
final class ChangeWindow {
  private static let page = 2000
  private let database: Database
  private let sources: ChangeSources
  private let after: String
  private let upTo: String
  private let hasCommitTimes: Bool
  private var session: PostgresConnection?
  /// The number of keys not yet returned; nil before the first page.
  private(set) var remaining: Int?

  init(_ database: Database, _ sources: ChangeSources, after: String, upTo: String, hasCommitTimes: Bool = false) {
    self.hasCommitTimes = hasCommitTimes
    self.database = database
    self.sources = sources
    self.after = after
    self.upTo = upTo
  }

  /// The next keys, each with its newest transaction; empty at the end.
  ///
  /// - Throws: ``EngineError``; the window then starts again, which repeats keys.
  func next() async throws(EngineError) -> [LoggedKey] {
    do throws(EngineError) { return try await page() } catch {
      // After any failure the session may be in an aborted transaction.
      session = nil
      database.close()
      throw error
    }
  }

  private func page() async throws(EngineError) -> [LoggedKey] {
    if session == nil || session?.isUsable == false {
      remaining = nil
      try await open()
    }
    let result = try await database.query("FETCH \(ChangeWindow.page) FROM rollcall_window")
    if result.isEmpty {
      try await database.query("CLOSE rollcall_window")
      session = nil
    } else {
      remaining = (remaining ?? result.int(0, 3) ?? 0) - result.rowCount
    }
    return (0..<result.rowCount).map { row in
      let xid = result.text(row, 1).flatMap { UInt64($0) }
      let at = result.int(row, 2).map { Int64($0) }
      return LoggedKey(
        key: result.key(row, 0), origin: xid.map { Origin($0, at: at) } ?? Origin(), isPlain: result.bool(row, 4))
    }
  }

  private func open() async throws(EngineError) {
    let session = try await database.session()
    let made = ChangeLog.made("", hasCommitTimes: hasCommitTimes)
    try await database.script(
      """
      BEGIN;
      DECLARE rollcall_window NO SCROLL CURSOR WITH HOLD FOR
        WITH \(ChangeLog.marks(after: SQLText.literal(after), upTo: SQLText.literal(upTo), sources))
        SELECT \(RosterKey.sql("key")), max(xid::text::bigint), \(ChangeLog.microseconds("min(\(made))")), count(*) OVER (),
          bool_and(\(ChangeLog.isPlain))
        FROM rollcall.change
        WHERE xid >= pg_snapshot_xmin(\(SQLText.literal(after))::pg_snapshot)
          AND NOT pg_visible_in_snapshot(xid, \(SQLText.literal(after))::pg_snapshot)
          AND pg_visible_in_snapshot(xid, \(SQLText.literal(upTo))::pg_snapshot)
          AND \(sources.naming)
        GROUP BY key ORDER BY min(seq);
      COMMIT
      """, timeout: .seconds(300))
    self.session = session
  }
}
