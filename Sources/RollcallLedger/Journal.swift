internal import Postgres
package import Reactor
package import RollcallCore

/// Writes the journal, `rollcall.journal`.
///
/// Rows that come while others are being written go together with the next statement. What could not be written waits
/// for the next session: a row is given up only with the process.
@Reactor @safe
package final class Journal {
  /// Rows of one statement.
  private static let most = 1000

  private let ledger: Ledger
  /// A condition on the log's `source`: which changes concern this directory.
  package var sources: @Reactor () -> String = { "true" }
  /// Nothing is kept where it is off.
  package let isOn: Bool
  private var waiting: [JournalRow] = []
  /// How many rows were handed in, and how many of them are written.
  private var handedIn = 0
  private var written = 0
  private var isWriting = false
  /// The last statement failed, and may have been carried out.
  private var isDoubtful = false
  private var writers: [UnsafeContinuation<Void, Never>] = unsafe []

  package init(_ ledger: Ledger, isOn: Bool) {
    self.ledger = ledger
    self.isOn = isOn
  }

  /// Writes rows; they are on the database's disk when this returns.
  package func write(_ rows: [JournalRow]) async throws(EngineError) {
    if rows.isEmpty || !isOn { return }
    waiting += rows
    handedIn += rows.count
    try await flush()
  }

  /// Writes what waits.
  package func flush() async throws(EngineError) {
    let target = handedIn
    while written < target {
      if isWriting {
        unsafe await withUnsafeContinuation { unsafe writers.append($0) }
        continue
      }
      isWriting = true
      defer {
        isWriting = false
        // Resuming only enqueues a job, so nobody is added meanwhile.
        while let writer = unsafe writers.popLast() { unsafe writer.resume() }
      }
      let rows = isDoubtful ? Array(waiting.prefix(Journal.most)) : nextRun()
      do throws(EngineError) {
        try await insert(rows, unlessThere: isDoubtful)
      } catch {
        isDoubtful = true
        throw error
      }
      isDoubtful = false
      waiting.removeFirst(rows.count)
      written += rows.count
    }
  }

  /// Rows from the first on that one statement can write.
  private func nextRun() -> [JournalRow] {
    guard let first = waiting.first else { return [] }
    let run = waiting.prefix(Journal.most)
    if first.isShort { return Array(run.prefix { $0.isShort && $0.cause == first.cause }) }
    return Array(run.prefix { !$0.isShort })
  }

  /// Writes down what is about to be sent, and returns the rows' ids in their order; none where the journal is off.
  package func intend(_ rows: [JournalRow]) async throws(EngineError) -> [Int] {
    if rows.isEmpty || !isOn { return [] }
    return try await insert(rows, unlessThere: false)
  }

  /// Inserts rows; where the database's encoding does not have a character of theirs, in ASCII.
  @discardableResult
  private func insert(_ rows: [JournalRow], unlessThere: Bool) async throws(EngineError) -> [Int] {
    do throws(EngineError) {
      return try await ledger.insert(rows, unlessThere: unlessThere, sources())
    } catch {
      guard case .database(let failure) = error, failure.kind == .server,
        failure.sqlState?.hasPrefix(Journal.dataException) == true
      else { throw error }
      return try await ledger.insert(rows.map(\.inASCII), unlessThere: unlessThere, sources())
    }
  }

  /// Class 22 of the SQLSTATEs (PostgreSQL manual, appendix A).
  private static let dataException = "22"
}

extension Ledger {
  /// Inserts rows of the journal, synchronously, and wakes who follows it.
  ///
  /// The time of a change that only a notification has told is looked up in the log; and so is the transaction of what
  /// was written before the log was read, as when everybody is compared: it is among those that are not settled.
  /// - Parameters:
  ///   - unlessThere: a row that says the same is not written again, if it is not older. Its time may be later, by as long
  ///     as the statement was on its way.
  ///   - sources: a condition on the log's `source`.
  /// - Returns: the ids, in the rows' order.
  @discardableResult
  fileprivate func insert(
    _ rows: [JournalRow], unlessThere: Bool, _ sources: String
  ) async throws(EngineError) -> [Int] {
    if !unlessThere, rows.first?.isShort == true {
      try await insertShort(rows)
      return []
    }
    let now = ContinuousClock.now
    let twin = """
      WHERE NOT EXISTS (SELECT FROM rollcall.journal AS j WHERE j.directory = $1 AND j.key IS NOT DISTINCT FROM x.key
        AND j.action = x.action AND j.outcome = x.outcome AND j.dn IS NOT DISTINCT FROM x.dn
        AND j.changes::text IS NOT DISTINCT FROM x.changes
        AND j.at > clock_timestamp() - x.age * interval '1 microsecond' - interval '2 seconds')
      """
    let untraced = rows.contains { $0.isUntraced }
    let recent = """
      , recent AS MATERIALIZED (
        SELECT c.key, max(c.xid::text::bigint) AS xid, min(c.at) AS at FROM rollcall.directory AS d,
          LATERAL (SELECT xid, key, at FROM rollcall.change
            WHERE xid >= pg_snapshot_xmin(d.watermark) AND NOT pg_visible_in_snapshot(xid, d.watermark) AND \(sources)
            LIMIT 20000) AS c
        WHERE d.name = $1 AND c.key = ANY ($9::text[]) GROUP BY c.key)
      """
    let traced = untraced ? "LEFT JOIN recent AS r ON x.xid IS NULL AND x.cause <> 'undo' AND r.key = x.key" : ""
    let sql = """
      WITH safe AS MATERIALIZED (SELECT set_config('synchronous_commit', 'local', true))\(untraced ? recent : ""),
      written AS (
        INSERT INTO rollcall.journal (at, changed_at, xid, others, intent, entry_id, code, directory, key, action, outcome,
          cause, dn, new_dn, changes, message, actor, because)
        SELECT clock_timestamp() - x.age * interval '1 microsecond',
          CASE WHEN x.changed IS NOT NULL THEN to_timestamp(x.changed / 1e6) WHEN x.xid IS NOT NULL THEN
            (SELECT min(c.at) FROM rollcall.change AS c WHERE c.xid = x.xid::text::xid8 AND c.key = x.key)
            \(untraced ? "ELSE r.at" : "") END,
          \(untraced ? "coalesce(x.xid, r.xid)" : "x.xid")::text::xid8, x.others::xid8[], x.intent, x.entry_id, x.code, $1,
          x.key, x.action, x.outcome, x.cause, x.dn, x.new_dn, x.changes::json, x.message, x.actor, x.because
        FROM safe CROSS JOIN unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::uuid[],
            $8::int[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
            $16::text[], $17::text[], $18::text[]) WITH ORDINALITY
          AS x (age, changed, xid, others, intent, entry_id, code, key, action, outcome, cause, dn, new_dn, changes, message,
            actor, because, place)
          \(traced)
        \(unlessThere ? twin : "")
        ORDER BY x.place
        RETURNING id)
      SELECT id, CASE WHEN is_followed THEN pg_notify('rollcall_journal', $1)::text END
      FROM written, (SELECT EXISTS (SELECT FROM rollcall.follower WHERE directory = $1)) AS f (is_followed)
      """
    let parameters: [String?] =
      [
        directory, SQLText.array(rows.map { "\($0.at.duration(to: now).microseconds)" }),
        SQLText.array(rows.map { $0.origin.changedAt.map(String.init) }),
        SQLText.array(rows.map { $0.origin.transactions.last.map(String.init) }),
        SQLText.array(rows.map(\.others)), SQLText.array(rows.map { $0.intent.map(String.init) }),
        SQLText.array(rows.map(\.entryID?.text)), SQLText.array(rows.map { $0.code.map(String.init) }),
        SQLText.array(rows.map(\.key?.text)), SQLText.array(rows.map(\.action)),
        SQLText.array(rows.map(\.outcome.rawValue)), SQLText.array(rows.map(\.cause?.rawValue)),
        SQLText.array(rows.map(\.dn)),
        SQLText.array(rows.map(\.newDN)), SQLText.array(rows.map(\.changes)), SQLText.array(rows.map(\.message)),
        SQLText.array(rows.map(\.actor)), SQLText.array(rows.map(\.because)),
      ]
    var hash = StableHash()
    hash.combine(sql.utf8)
    let result = try await database.execute("journal_\(hash.text)", sql, parameters)
    return (0..<result.rowCount).compactMap { result.int($0, 0) }
  }

  /// The same for rows that are short and of one cause, which nearly all rows of bulk work are: with fewer columns it
  /// takes half the time.
  private func insertShort(_ rows: [JournalRow]) async throws(EngineError) {
    let now = ContinuousClock.now
    try await database.execute(
      "journal_short",
      """
      WITH safe AS MATERIALIZED (SELECT set_config('synchronous_commit', 'local', true)),
      written AS (
        INSERT INTO rollcall.journal (at, changed_at, xid, entry_id, directory, key, action, outcome, cause, dn, changes)
        SELECT clock_timestamp() - x.age * interval '1 microsecond',
          CASE WHEN x.changed IS NOT NULL THEN to_timestamp(x.changed / 1e6) ELSE
            (SELECT min(c.at) FROM rollcall.change AS c WHERE c.xid = x.xid AND c.key = x.key) END,
          x.xid, x.entry_id, $1, x.key, x.action, 'done', $2, x.dn, x.changes
        FROM safe CROSS JOIN unnest($3::bigint[], $4::bigint[], $5::xid8[], $6::uuid[], $7::text[], $8::text[], $9::text[],
          $10::json[]) AS x (age, changed, xid, entry_id, key, action, dn, changes)
        RETURNING 1)
      SELECT count(*), CASE WHEN EXISTS (SELECT FROM rollcall.follower WHERE directory = $1)
        THEN pg_notify('rollcall_journal', $1)::text END FROM written
      """,
      [
        directory, rows[0].cause?.rawValue, SQLText.array(rows.lazy.map { "\($0.at.duration(to: now).microseconds)" }),
        SQLText.array(rows.lazy.map { $0.origin.changedAt.map(String.init) }),
        SQLText.array(rows.lazy.map { $0.origin.transactions.last.map(String.init) }),
        SQLText.array(rows.lazy.map { $0.entryID?.text }), SQLText.array(rows.lazy.map { $0.key?.text }),
        SQLText.array(rows.lazy.map(\.action)), SQLText.array(rows.lazy.map(\.dn)),
        SQLText.array(rows.lazy.map(\.changes)),
      ])
  }
}

extension JournalRow {
  /// Whether the log may tell what it follows from.
  fileprivate var isUntraced: Bool { origin.transactions.isEmpty && key != nil && cause != nil && cause != .undo }

  /// Whether it has nothing but what a plain write has.
  fileprivate var isShort: Bool {
    outcome == .done && origin.transactions.count == 1 && cause != nil && key != nil && intent == nil && code == nil
      && newDN == nil && message == nil && actor == nil && because == nil
  }

  /// The transactions but the newest, as an array literal.
  fileprivate var others: String? {
    let others = origin.transactions.dropLast()
    return others.isEmpty ? nil : "{" + others.map(String.init).joined(separator: ",") + "}"
  }
}

extension Duration {
  fileprivate var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
