internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

extension Ledger {
  /// Followers of the journal whose program does not take rows, that are behind, or that have lost unread rows.
  func followProblem() async throws(EngineError) -> ConditionProblem? {
    let rows = try await database.query(
      """
      SELECT f.name, p.keys, p.key, p.message, \(SQLText.time("late.at")),
        \(SQLText.time("CASE WHEN f.cut > now() - interval '1 day' THEN f.cut END")),
        \(SQLText.time("least(p.since, late.at, CASE WHEN f.cut > now() - interval '1 day' THEN f.cut END)"))
      FROM rollcall.follower AS f
        CROSS JOIN LATERAL (
          SELECT count(*), (array_agg(key ORDER BY since, key))[1], (array_agg(message ORDER BY since, key))[1], min(since)
          FROM rollcall.follower_parked AS p WHERE p.directory = f.directory AND p.name = f.name) AS p (keys, key, message, since)
        LEFT JOIN LATERAL (
          SELECT j.at FROM rollcall.journal AS j
          WHERE j.directory = f.directory AND j.tx::text::bigint >= pg_snapshot_xmin(f.position)::text::bigint
            AND NOT pg_visible_in_snapshot(j.tx, f.position) AND j.at < now() - interval '5 minutes' LIMIT 1) AS late ON true
      WHERE f.directory = $1 AND (p.keys > 0 OR late.at IS NOT NULL OR f.cut > now() - interval '1 day')
      ORDER BY f.name
      """, [directory])
    if rows.isEmpty { return nil }
    var parts: [String] = []
    for row in 0..<rows.rowCount {
      let name = rows.text(row, 0) ?? ""
      let keys = rows.int(row, 1) ?? 0
      if keys > 0 {
        let key = RosterKey(rows.text(row, 2) ?? "").shown
        let subject = keys == 1 ? "key \(key)" : "\(keys) keys, key \(key) first"
        parts.append("the follower \"\(name)\" does not take the rows of \(subject): \(rows.text(row, 3) ?? "")")
      }
      if let late = rows.text(row, 4) { parts.append("the follower \"\(name)\" has not taken rows since \(late)") }
      if let cut = rows.text(row, 5) {
        parts.append("at \(cut) rows were skipped that the follower \"\(name)\" had not taken")
      }
    }
    let since = (0..<rows.rowCount).compactMap { rows.text($0, 6) }.min()
    return ConditionProblem(
      .follow, parts.joined(separator: "; "),
      fix:
        "check the messages of rollcall follow and of its program; to remove the follower: rollcall follow NAME --forget",
      since: since)
  }
}
