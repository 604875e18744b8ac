internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// What of a stretch of the log can decide on people who leave by a change of their own.
///
/// A stretch never changes, so this is read once, and for what it grows by. Looking for a person's key reads all of the
/// stretch each time, because the log has no index by key: its writers would pay for it.
struct StretchMarks: Sendable {
  /// Where the stretch ends of which this is known.
  var upTo: String
  var marks = UrgentMarks()
  var namesEveryone = false
  /// Whether it has more marks than are read.
  var hasMore = false

  var decidesOnLeavers: Bool { namesEveryone || hasMore || !marks.areSingle }
}

/// Which changes of a stretch of the log can take somebody's access away.
extension ChangeLog {
  private static let mostMarks = 1000

  /// Adds what a further part of a stretch has.
  ///
  /// - Parameter known: what is known of the stretch up to where this part begins.
  func marks(_ known: StretchMarks, upTo: String) async throws(EngineError) -> StretchMarks {
    let part = """
      xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
        AND pg_visible_in_snapshot(xid, $2::pg_snapshot)
      """
    let result = try await database.query(
      """
      (SELECT xid::text, \(RosterKey.sql("key")), false FROM rollcall.urgent
        WHERE \(part) AND (key IS NULL OR \(sources?.condition ?? "true")) LIMIT \(ChangeLog.mostMarks + 1))
      UNION ALL
      (SELECT xid::text, NULL, true FROM rollcall.change WHERE everyone AND \(part) AND \(sources?.naming ?? "true") LIMIT 1)
      """, [known.upTo, upTo])
    var found = known
    found.upTo = upTo
    found.hasMore = known.hasMore || result.rowCount > ChangeLog.mostMarks
    for row in 0..<result.rowCount {
      if result.bool(row, 2) {
        found.namesEveryone = true
      } else if let transaction = result.text(row, 0).flatMap({ UInt64($0) }) {
        found.marks.add(transaction, result.key(row, 1))
      }
    }
    return found
  }

  /// Those of these keys that the log names between two snapshots, and whether none of the changes takes the key's
  /// access away by itself; all of them if it names all keys.
  func naming(
    _ keys: [RosterKey], after: String, upTo: String
  ) async throws(EngineError) -> [(key: RosterKey, isPlain: Bool)] {
    // The comparison with the keys comes first: it excludes nearly everything and costs least.
    let result = try await database.query(
      """
      WITH \(ChangeLog.marks(after: "$1", upTo: "$2", sources))
      SELECT key, bool_and(\(ChangeLog.isPlain)) FROM rollcall.change
      WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND CASE WHEN key = ANY ($3::text[]) OR everyone
          THEN NOT pg_visible_in_snapshot(xid, $1::pg_snapshot) AND pg_visible_in_snapshot(xid, $2::pg_snapshot) END
        AND \(sources?.naming ?? "true")
      GROUP BY key
      """, [after, upTo, SQLText.array(keys)])
    let named = (0..<result.rowCount).map { (key: result.key($0, 0), isPlain: result.bool($0, 1)) }
    if named.contains(where: { $0.key == nil }) { return keys.map { ($0, false) } }
    return named.compactMap { name in name.key.map { ($0, name.isPlain) } }
  }

  /// SQL for the marks between two snapshots (``UrgentMarks``), and the transactions among them that are batches; `isPlain`
  /// reads them. Where there are many leavers in all, each is a part of the whole.
  static func marks(after: String, upTo: String, _ sources: ChangeSources?) -> String {
    """
    marks AS MATERIALIZED (
      SELECT xid, key FROM rollcall.urgent
      WHERE xid >= pg_snapshot_xmin(\(after)::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, \(after)::pg_snapshot)
        AND pg_visible_in_snapshot(xid, \(upTo)::pg_snapshot) AND (key IS NULL OR \(sources?.condition ?? "true"))
    ), batches AS MATERIALIZED (
      SELECT xid FROM marks GROUP BY xid HAVING count(DISTINCT key) > \(UrgentMarks.most) OR count(*) > count(key)
    ), leavers AS MATERIALIZED (
      SELECT xid, key FROM marks WHERE key IS NOT NULL AND (SELECT count(DISTINCT key) > \(UrgentMarks.most) FROM marks
        WHERE xid NOT IN (SELECT xid FROM batches))
    )
    """
  }

  /// SQL for whether a change takes nobody's access away by itself, or is a leaver's own.
  static let isPlain = """
    NOT everyone AND xid NOT IN (SELECT xid FROM batches) AND (xid, coalesce(key, '')) NOT IN (SELECT xid, key FROM leavers)
    """
}
