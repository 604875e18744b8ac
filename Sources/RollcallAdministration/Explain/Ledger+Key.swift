internal import Postgres
internal import RollcallCore
internal import RollcallLedger

/// What the ledger says of one key.
struct KeyRecord: Sendable {
  struct Hold: Sendable {
    var action: String
    var dn: String
    var since: String
    var isApproved: Bool
    var reason: String?
  }

  struct Pin: Sendable {
    var because: String
    var actor: String
    var since: String
    var until: String?
    /// It ends when the row changes.
    var isUntilChange: Bool
  }

  struct Write: Sendable {
    var id: Int
    var at: String
    var action: String
    var outcome: String
    var cause: String?
    var xid: String?
    var dn: String?
    var attributes: [String]
    var message: String?
    var actor: String?
    var because: String?
  }

  var parked: StatusReport.Parked?
  var holds: [Hold] = []
  var pin: Pin?
  var lastWrite: Write?
}

extension Ledger {
  func keyRecord(_ key: RosterKey) async throws(EngineError) -> KeyRecord {
    KeyRecord(
      parked: try await parkedInDetail(key).first, holds: try await holds(of: key), pin: try await pin(of: key),
      lastWrite: try await lastWrite(of: key))
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

  private func pin(of key: RosterKey) async throws(EngineError) -> KeyRecord.Pin? {
    let rows = try await database.query(
      """
      SELECT because, actor, \(SQLText.time("since")), \(SQLText.time("until")), seen IS NOT NULL FROM rollcall.pinned
      WHERE directory = $1 AND key = $2 AND (until IS NULL OR until > now())
      """, [directory, key.text])
    if rows.isEmpty { return nil }
    return KeyRecord.Pin(
      because: rows.text(0, 0) ?? "", actor: rows.text(0, 1) ?? "", since: rows.text(0, 2) ?? "",
      until: rows.text(0, 3), isUntilChange: rows.bool(0, 4))
  }

  private func lastWrite(of key: RosterKey) async throws(EngineError) -> KeyRecord.Write? {
    let rows = try await database.query(
      """
      SELECT id, \(SQLText.time("at")), action, outcome, cause, xid, coalesce(new_dn, dn), message, actor, because,
        (SELECT string_agg(k, ' ' ORDER BY n) FROM json_object_keys(
          CASE json_typeof(changes) WHEN 'object' THEN changes END) WITH ORDINALITY AS x(k, n))
      FROM rollcall.journal WHERE directory = $1 AND key = $2 ORDER BY id DESC LIMIT 1
      """, [directory, key.text])
    if rows.isEmpty { return nil }
    return KeyRecord.Write(
      id: rows.int(0, 0) ?? 0, at: rows.text(0, 1) ?? "", action: rows.text(0, 2) ?? "", outcome: rows.text(0, 3) ?? "",
      cause: rows.text(0, 4), xid: rows.text(0, 5), dn: rows.text(0, 6),
      attributes: rows.text(0, 10)?.split(separator: " ").map(String.init) ?? [], message: rows.text(0, 7),
      actor: rows.text(0, 8), because: rows.text(0, 9))
  }
}
