internal import LDAPModel
internal import Postgres
internal import RollcallCore

/// What the ledger has of a leaver's entry.
package struct LeaverRecord: Sendable, Equatable {
  /// What is known of the entry since it was disabled.
  package enum State: Sendable, Equatable {
    /// Rollcall writes it, or has; it has not been looked at since.
    case unseen
    /// A digest of the entry as it was left (``Planner/digest(of:)``).
    case seen(String)
    /// Somebody else has changed it.
    case changed
  }

  package var dn: String
  package var state: State
  /// When it was first recorded by the database's clock, in seconds since 1970.
  package var since: Double
  /// Whether its time has come, and it was queued for that.
  package var isDue: Bool
}

extension LeaverRecord.State {
  private static let changedText = "changed"

  fileprivate init(text: String) {
    switch text {
    case "": self = .unseen
    case Self.changedText: self = .changed
    default: self = .seen(text)
    }
  }

  fileprivate var text: String {
    switch self {
    case .unseen: ""
    case .changed: Self.changedText
    case .seen(let digest): digest
    }
  }
}

extension Ledger {
  /// The leavers' entries, by key.
  ///
  /// - Parameter wait: after so long they are due.
  func leavers(due wait: Duration) async throws(EngineError) -> [RosterKey: LeaverRecord] {
    let result = try await database.query(
      """
      SELECT key, dn, state, extract(epoch FROM since)::float8,
        since + $2::float8 * interval '1 second' <= clock_timestamp()
      FROM rollcall.leaver WHERE directory = $1
      """, [directory, "\(wait / .seconds(1))"])
    var found: [RosterKey: LeaverRecord] = [:]
    for row in 0..<result.rowCount {
      found[result.key(row, 0) ?? ""] = LeaverRecord(
        dn: result.text(row, 1) ?? "", state: LeaverRecord.State(text: result.text(row, 2) ?? ""),
        since: result.double(row, 3) ?? 0, isDue: result.bool(row, 4))
    }
    return found
  }

  /// Records leavers' entries, or what has become of those that are recorded; when it was first recorded stays.
  ///
  /// - Returns: when each was first recorded, in seconds since 1970.
  func record(
    _ leavers: [(key: RosterKey, dn: String, state: LeaverRecord.State)]
  ) async throws(EngineError) -> [RosterKey: Double] {
    if leavers.isEmpty { return [:] }
    let result = try await database.query(
      """
      INSERT INTO rollcall.leaver (directory, key, dn, state) SELECT $1, x.key, x.dn, x.state
      FROM unnest($2::text[], $3::text[], $4::text[]) AS x(key, dn, state)
      ON CONFLICT (directory, key) DO UPDATE SET dn = excluded.dn, state = excluded.state
      RETURNING key, extract(epoch FROM since)::float8
      """,
      [
        directory, SQLText.array(leavers.map(\.key)), SQLText.array(leavers.map(\.dn)),
        SQLText.array(leavers.map(\.state.text)),
      ])
    var since: [RosterKey: Double] = [:]
    for row in 0..<result.rowCount { since[result.key(row, 0) ?? ""] = result.double(row, 1) }
    return since
  }

  /// - Parameter keys: nil for all.
  func forgetLeavers(_ keys: [RosterKey]?) async throws(EngineError) {
    if keys?.isEmpty == true { return }
    try await database.query(
      "DELETE FROM rollcall.leaver WHERE directory = $1 AND ($2::text[] IS NULL OR key = ANY ($2::text[]))",
      [directory, keys.map { SQLText.array($0) }])
  }
}
