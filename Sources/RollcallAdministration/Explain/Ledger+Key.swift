internal import Postgres
internal import RollcallCore
internal import RollcallLedger

/// The ledger's records of one key.
struct KeyRecord: Sendable {
  struct Hold: Sendable {
    var action: String
    var dn: String
    var since: String
    var isApproved: Bool
    var reason: String?
  }

  var parked: StatusReport.Parked?
  var holds: [Hold] = []
  var pin: Pin?
  var lastWrite: HistoryRow?
  /// When its entry is deleted, because its row is gone: RFC 3339, UTC.
  var deletedAt: String?
}

extension Ledger {
  func keyRecord(_ key: RosterKey) async throws(EngineError) -> KeyRecord {
    KeyRecord(
      parked: try await parkedInDetail(key).first, holds: try await holds(of: key), pin: try await pins(of: [key])[key],
      lastWrite: try await lastWrite(of: key), deletedAt: try await deletion(of: key))
  }

  private func holds(of key: RosterKey) async throws(EngineError) -> [KeyRecord.Hold] {
    let rows = try await database.query(
      """
      SELECT action, dn, \(SQLText.time("since")), approved, reason FROM rollcall.held
      WHERE directory = $1 AND subject = $2 ORDER BY action COLLATE "C"
      """, [directory, key.text])
    return (0..<rows.rowCount).map { row in
      KeyRecord.Hold(
        action: rows.text(row, 0) ?? "", dn: rows.text(row, 1) ?? "", since: rows.text(row, 2) ?? "",
        isApproved: rows.bool(row, 3), reason: rows.text(row, 4))
    }
  }

  private func deletion(of key: RosterKey) async throws(EngineError) -> String? {
    let rows = try await database.query(
      "SELECT \(SQLText.time("at")) FROM rollcall.coming WHERE directory = $1 AND key = $2", [directory, key.text])
    return rows.isEmpty ? nil : rows.text(0, 0)
  }

  private func lastWrite(of key: RosterKey) async throws(EngineError) -> HistoryRow? {
    let rows = try await database.query(
      "SELECT \(HistoryRow.columns) FROM rollcall.journal WHERE directory = $1 AND key = $2 ORDER BY id DESC LIMIT 1",
      [directory, key.text])
    return rows.isEmpty ? nil : HistoryRow(rows, 0)
  }
}
