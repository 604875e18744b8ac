internal import Postgres
internal import Reactor
package import RollcallCore
package import RollcallLedger

/// What a directory's daemon has done lately.
package struct RecentWork: Sendable {
  /// A row of the journal.
  package struct Write: Sendable {
    /// The time of day, UTC.
    package var at: String
    package var action: String
    package var key: String
    package var dn: String
    /// From the change; nil where that is not known.
    package var milliseconds: Int?
  }

  /// Operations of the last minutes a second; nil where nobody has counted.
  package var rate: Double?
  /// Of the last minutes.
  package var lag = LagHistogram()
  /// The newest first.
  package var writes: [Write] = []
  /// The process that leads, or led and did not end in order.
  package var leader: String?

  /// Minutes that are taken together.
  package static let minutes = 5

  /// Reads it.
  ///
  /// - Parameter rows: so many writes at most.
  @Reactor
  package static func read(
    _ directory: String, _ database: Database, rows most: Int
  ) async throws(EngineError) -> RecentWork {
    var work = RecentWork()
    let minutes = try await database.query(
      """
      SELECT m.writes, array_to_string(m.lag, ' '), d.leader,
        extract(epoch FROM clock_timestamp() - min(m.minute) OVER ())
      FROM rollcall.directory AS d LEFT JOIN rollcall.minute AS m
        ON m.directory = d.name AND m.minute > clock_timestamp() - interval '\(Self.minutes) minutes'
      WHERE d.name = $1
      """, [directory])
    var count = 0
    for row in 0..<minutes.rowCount {
      work.leader = minutes.text(row, 2)
      guard let lag = minutes.text(row, 1) else { continue }
      work.lag.add(LagHistogram(counts: lag.split(separator: " ").compactMap { Int($0) }))
      count += minutes.int(row, 0) ?? 0
    }
    if minutes.rowCount > 0, let seconds = minutes.double(0, 3) { work.rate = Double(count) / max(seconds, 1) }
    let rows = try await database.query(
      """
      SELECT to_char(at AT TIME ZONE 'UTC', 'HH24:MI:SS'), action, key, coalesce(new_dn, dn),
        (extract(epoch FROM at - changed_at) * 1000)::bigint
      FROM rollcall.journal WHERE directory = $1 AND outcome = 'done' ORDER BY id DESC LIMIT $2::int
      """, [directory, "\(most)"])
    work.writes = (0..<rows.rowCount).map { row in
      Write(
        at: rows.text(row, 0) ?? "", action: rows.text(row, 1) ?? "", key: rows.text(row, 2) ?? "",
        dn: rows.text(row, 3) ?? "", milliseconds: rows.int(row, 4))
    }
    return work
  }
}
