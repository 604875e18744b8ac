internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// The stored state of one follower, and the journal's rows that it is still to have.
@Reactor
struct FollowerStore {
  /// A key for which the program did not take a row.
  struct Parked: Sendable {
    var key: String
    /// The first row that it is to have.
    var first: Int
    var attempts: Int
  }

  let session: JournalSession
  private let directory: String
  private let name: String
  private let actions: String?

  init(_ session: JournalSession, directory: String, name: String, actions: [String]?) {
    self.session = session
    self.directory = directory
    self.name = name
    self.actions = actions.map { SQLText.array($0) }
  }

  /// The subject of a row: rows of one subject are passed on in order.
  nonisolated static func subject(of row: HistoryRow) -> String { row.key ?? row.dn ?? "" }
  private static let isOf = "(key = $2 OR key IS NULL AND coalesce(dn, '') = $2)"
  private static let isWanted = "($3::text[] IS NULL OR action = ANY ($3::text[]))"

  // MARK: Position

  /// Takes the follower's lock for the duration of the session; false if another process has it.
  func lock() async throws(EngineError) -> Bool {
    try await session.query(
      "SELECT pg_try_advisory_lock(hashtext('rollcall follow'), hashtext($1 || ' ' || $2))", [directory, name]
    ).bool(0, 0)
  }

  /// Starts with the rows written from now on, unless the follower already exists.
  func register() async throws(EngineError) {
    try await session.query(
      """
      INSERT INTO rollcall.follower (directory, name, position) VALUES ($1, $2, pg_current_snapshot())
      ON CONFLICT DO NOTHING
      """, [directory, name])
  }

  struct State: Sendable {
    var position: Snapshot
    /// The snapshot of what can be read now.
    var now: Snapshot
    /// When unread rows were deleted; nil if never.
    var cut: String?
    /// Whether that was after the position last advanced.
    var isNews: Bool
  }

  /// - Throws: ``EngineError/refused(_:)`` if the follower was forgotten.
  func state() async throws(EngineError) -> State {
    let result = try await session.query(
      """
      SELECT position::text, pg_current_snapshot()::text, \(SQLText.time("cut")), cut >= moved
      FROM rollcall.follower WHERE directory = $1 AND name = $2
      """, [directory, name])
    guard !result.isEmpty, let position = Snapshot(result.text(0, 0) ?? ""), let now = Snapshot(result.text(0, 1) ?? "")
    else { throw .refused("the follower \"\(name)\" was forgotten meanwhile") }
    return State(position: position, now: now, cut: result.text(0, 2), isNews: result.bool(0, 3))
  }

  func move(to position: Snapshot) async throws(EngineError) {
    try await session.query(
      "UPDATE rollcall.follower SET position = $3::pg_snapshot, moved = clock_timestamp() WHERE directory = $1 AND name = $2",
      [directory, name, position.text])
  }

  /// Skips the rows before a snapshot.
  func cut(to position: Snapshot) async throws(EngineError) {
    try await session.query(
      """
      UPDATE rollcall.follower SET position = $3::pg_snapshot, cut = now(), moved = clock_timestamp()
      WHERE directory = $1 AND name = $2
      """, [directory, name, position.text])
  }

  // MARK: Rows

  private static let isUnseen = """
    directory = $1 AND tx::text::bigint >= pg_snapshot_xmin($2::pg_snapshot)::text::bigint
      AND NOT pg_visible_in_snapshot(tx, $2::pg_snapshot)
    """

  /// Whether more than this number of rows are unseen.
  func isBehind(_ position: Snapshot, by limit: Int) async throws(EngineError) -> Bool {
    try await session.query(
      "SELECT count(*) > \(limit) FROM (SELECT FROM rollcall.journal WHERE \(Self.isUnseen) LIMIT \(limit + 1)) AS r",
      [directory, position.text]
    ).bool(0, 0)
  }

  /// The transaction of the row that this number of unseen ones precede; nil if there are fewer.
  func transaction(after position: Snapshot, rows: Int) async throws(EngineError) -> UInt64? {
    try await session.query(
      "SELECT tx::text FROM rollcall.journal WHERE \(Self.isUnseen) ORDER BY id OFFSET \(rows) LIMIT 1",
      [directory, position.text]
    ).text(0, 0).flatMap { UInt64($0) }
  }

  /// The next rows between two snapshots, by transaction and number.
  func rows(
    from position: Snapshot, to end: Snapshot, after last: (tx: UInt64, id: Int)?, limit: Int
  ) async throws(EngineError) -> [HistoryRow] {
    let (tx, id) = last ?? (0, 0)
    // Without its table's name, tx would refer to the column of the result, which is text.
    let result = try await session.query(
      """
      SELECT \(HistoryRow.columns) FROM rollcall.journal
      WHERE \(Self.isUnseen) AND \(Self.isWanted) AND pg_visible_in_snapshot(tx, $4::pg_snapshot)
        AND tx::text::bigint >= \(tx) AND tx::text::bigint < \(end.end) AND (tx, id) > ('\(tx)'::xid8, \(id))
      ORDER BY journal.tx, id LIMIT \(limit)
      """, [directory, position.text, actions, end.text])
    return (0..<result.rowCount).map { HistoryRow(result, $0) }
  }

  /// The next row of a key that is parked.
  func row(of key: String, from first: Int) async throws(EngineError) -> HistoryRow? {
    let result = try await session.query(
      """
      SELECT \(HistoryRow.columns) FROM rollcall.journal
      WHERE directory = $1 AND \(Self.isOf) AND id >= \(first) AND \(Self.isWanted) ORDER BY id LIMIT 1
      """, [directory, key, actions])
    return result.isEmpty ? nil : HistoryRow(result, 0)
  }

  // MARK: Parked

  func parked(onlyDue: Bool) async throws(EngineError) -> [Parked] {
    let result = try await session.query(
      """
      SELECT key, first, attempts FROM rollcall.follower_parked WHERE directory = $1 AND name = $2
      \(onlyDue ? "AND next_at <= now() ORDER BY next_at LIMIT 100" : "")
      """, [directory, name])
    return (0..<result.rowCount).map {
      Parked(key: result.text($0, 0) ?? "", first: result.int($0, 1) ?? 0, attempts: result.int($0, 2) ?? 0)
    }
  }

  /// Parks a key, or postpones its next attempt.
  func park(_ parked: Parked, _ message: String, for delay: Duration) async throws(EngineError) {
    try await session.query(
      """
      INSERT INTO rollcall.follower_parked AS p (directory, name, key, first, attempts, message, next_at)
      VALUES ($1, $2, $3, \(parked.first), \(parked.attempts), $4, now() + \(delay / .seconds(1)) * interval '1 s')
      ON CONFLICT (directory, name, key) DO UPDATE SET first = least(p.first, excluded.first),
        attempts = excluded.attempts, message = excluded.message, next_at = excluded.next_at
      """, [directory, name, parked.key, message])
  }

  /// Records a row of a parked key with a lower number than the others.
  func lower(_ key: String, to first: Int) async throws(EngineError) {
    try await session.query(
      "UPDATE rollcall.follower_parked SET first = least(first, \(first)) WHERE directory = $1 AND name = $2 AND key = $3",
      [directory, name, key])
  }

  /// Records that the program has taken a parked key's row; returns where the next one may be, which is further back
  /// if a row with a lower number has arrived meanwhile.
  func passed(_ key: String, _ id: Int, expecting first: Int) async throws(EngineError) -> Int {
    try await session.query(
      """
      UPDATE rollcall.follower_parked SET first = CASE WHEN first = \(first) THEN \(id) + 1 ELSE first END, attempts = 0
      WHERE directory = $1 AND name = $2 AND key = $3 RETURNING first
      """, [directory, name, key]
    ).int(0, 0) ?? id + 1
  }

  /// Unparks a key if it has no further row; otherwise returns the next one's number.
  func unpark(_ key: String) async throws(EngineError) -> Int? {
    let gone = try await session.query(
      """
      DELETE FROM rollcall.follower_parked AS p WHERE p.directory = $1 AND p.name = $4 AND p.key = $2
        AND NOT EXISTS (SELECT FROM rollcall.journal WHERE directory = $1 AND \(Self.isOf) AND id >= p.first AND \(Self.isWanted))
      """, [directory, key, actions, name])
    if gone.affectedRows > 0 { return nil }
    return try await session.query(
      "SELECT first FROM rollcall.follower_parked WHERE directory = $1 AND name = $2 AND key = $3",
      [directory, name, key]
    ).int(0, 0)
  }
}
