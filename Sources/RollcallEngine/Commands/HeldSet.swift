internal import Postgres
public import RollcallCore

/// The removals of a directory that wait for a person, and an id for exactly this set of them.
public struct HeldSet: Sendable, Equatable {
  public struct Removal: Sendable, Equatable {
    public var key: RosterKey
    /// `delete` or `disable`.
    public var action: String
    public var dn: String
    /// RFC 3339, UTC.
    public var since: String
    /// Why it is held; nil where an older version did so.
    public var reason: String?
  }

  /// By key.
  public let removals: [Removal]

  /// Sixteen hexadecimal digits that any change of a key, an action or a DN changes; nil for an empty set.
  public var id: String? {
    if removals.isEmpty { return nil }
    var hash = StableHash()
    for removal in removals {
      for text in [removal.key.text, removal.action, removal.dn] {
        hash.combine(text.utf8)
        hash.combine(CollectionOfOne(0))
      }
    }
    return hash.text
  }
}

extension Ledger {
  /// The removals that nobody has approved.
  func heldSet() async throws(EngineError) -> HeldSet {
    let result = try await database.query(
      """
      SELECT subject, action, dn, \(StatusReport.time("since")), reason FROM rollcall.held
      WHERE directory = $1 AND NOT approved ORDER BY subject COLLATE "C", action COLLATE "C"
      """, [directory])
    return HeldSet(
      removals: (0..<result.rowCount).map { row in
        HeldSet.Removal(
          key: result.key(row, 0) ?? "", action: result.text(row, 1) ?? "", dn: result.text(row, 2) ?? "",
          since: result.text(row, 3) ?? "", reason: result.text(row, 4))
      })
  }
}
