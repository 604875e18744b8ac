internal import LDAPModel
internal import Postgres
package import RollcallCore

/// A removal that was about to be sent and has no result in the journal.
package struct OpenIntent: Sendable, Equatable {
  package var id: Int
  package var key: RosterKey
  package var action: String
  package var dn: String?
  package var entryID: EntryID?
  var cause: JournalCause?

  /// The row that records its result.
  package func result(isDone: Bool, at now: ContinuousClock.Instant) -> JournalRow {
    var row = JournalRow(action, isDone ? .done : .refused, key: key, dn: dn, at: now)
    row.intent = id
    row.entryID = entryID
    row.cause = cause
    row.message =
      isDone
      ? "the answer was lost; the directory shows that it was carried out"
      : "the answer was lost, or it was not sent; the directory shows that it was not carried out"
    return row
  }
}

extension Ledger {
  /// Intents without a result, the oldest first, up to a limit.
  package func openIntents() async throws(EngineError) -> [OpenIntent] {
    let result = try await database.query(
      """
      SELECT id, key, action, dn, replace(entry_id::text, '-', ''), cause FROM rollcall.journal AS i
      WHERE directory = $1 AND outcome = 'intended' AND key IS NOT NULL AND NOT EXISTS (
        SELECT FROM rollcall.journal AS r WHERE r.directory = i.directory AND r.intent = i.id)
      ORDER BY id LIMIT 10000
      """, [directory])
    return (0..<result.rowCount).map { row in
      OpenIntent(
        id: result.int(row, 0) ?? 0, key: result.key(row, 1) ?? "", action: result.text(row, 2) ?? "",
        dn: result.text(row, 3), entryID: result.text(row, 4).flatMap { EntryID(AttributeValue($0)) },
        cause: result.text(row, 5).flatMap { JournalCause(rawValue: $0) })
    }
  }
}
