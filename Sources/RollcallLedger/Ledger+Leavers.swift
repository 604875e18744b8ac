internal import LDAPModel
internal import Postgres
package import RollcallCore

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
  /// Whether its time has come.
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
      SELECT key, dn, state, since + $2::float8 * interval '1 second' <= clock_timestamp() FROM rollcall.leaver
      WHERE directory = $1
      """, [directory, "\(wait / .seconds(1))"])
    var found: [RosterKey: LeaverRecord] = [:]
    for row in 0..<result.rowCount {
      found[result.key(row, 0) ?? ""] = LeaverRecord(
        dn: result.text(row, 1) ?? "", state: LeaverRecord.State(text: result.text(row, 2) ?? ""),
        isDue: result.bool(row, 3))
    }
    return found
  }

  /// Records leavers' entries, or what has become of those that are recorded; when it was first recorded stays.
  func record(_ leavers: [(key: RosterKey, record: LeaverRecord)]) async throws(EngineError) {
    if leavers.isEmpty { return }
    try await database.query(
      """
      INSERT INTO rollcall.leaver (directory, key, dn, state) SELECT $1, x.key, x.dn, x.state
      FROM unnest($2::text[], $3::text[], $4::text[]) AS x(key, dn, state)
      ON CONFLICT (directory, key) DO UPDATE SET dn = excluded.dn, state = excluded.state
      """,
      [
        directory, SQLText.array(leavers.map(\.key)), SQLText.array(leavers.map(\.record.dn)),
        SQLText.array(leavers.map(\.record.state.text)),
      ])
  }

  /// - Parameter keys: nil for all.
  func forgetLeavers(_ keys: [RosterKey]?) async throws(EngineError) {
    if keys?.isEmpty == true { return }
    try await database.query(
      "DELETE FROM rollcall.leaver WHERE directory = $1 AND ($2::text[] IS NULL OR key = ANY ($2::text[]))",
      [directory, keys.map { SQLText.array($0) }])
  }

  /// The leavers whose time comes after one instant and not after another, and the seconds from the later one to the
  /// next.
  package func dueLeavers(
    after wait: Duration, from: String, upTo instant: String
  ) async throws(EngineError) -> (keys: [RosterKey], next: Double?) {
    let result = try await database.query(
      """
      WITH bound AS (SELECT $2::timestamptz - w AS lower, $3::timestamptz - w AS upper
        FROM (SELECT $4::float8 * interval '1 second') AS x(w))
      SELECT key, NULL::float8 FROM rollcall.leaver, bound WHERE directory = $1 AND since > lower AND since <= upper
      UNION ALL
      SELECT NULL, (SELECT extract(epoch FROM min(since) - min(upper)) FROM rollcall.leaver, bound
        WHERE directory = $1 AND since > upper)
      """, [directory, from, instant, "\(wait / .seconds(1))"])
    let keys = (0..<result.rowCount).compactMap { result.key($0, 0) }
    return (keys, (0..<result.rowCount).first { result.isNull($0, 0) }.flatMap { result.double($0, 1) })
  }
}
