internal import LDAPModel
internal import Postgres
package import RollcallCore
package import RollcallLedger

/// The removals and takeovers of a directory that wait for a person, with an id for exactly this set.
package struct HeldSet: Sendable, Equatable {
  package struct Removal: Sendable, Equatable {
    /// The person's key; for a group its canonical DN.
    package var key: RosterKey
    /// `delete`, `disable` or `takeover`.
    package var action: String
    package var dn: String
    /// RFC 3339, UTC.
    package var since: String
    /// Why it is held; nil if an older version held it.
    package var reason: String?

    /// Whether a text is the DN, or the name in it.
    func isNamed(_ text: String) -> Bool {
      if HeldSet.isSame(dn, text) { return true }
      let name = DistinguishedName(unchecked: dn).first?.parts.first?.value.text
      return name?.lowercased() == text.lowercased()
    }
  }

  /// Whether two texts are the same DN in any spelling.
  static func isSame(_ one: String, _ other: String) -> Bool {
    guard let other = try? DistinguishedName(parsing: other) else { return false }
    return DistinguishedName(unchecked: one).isEquivalent(to: other, HeldSet.plain)
  }

  /// A schema without attributes: names are compared ignoring case.
  private static let plain = Schema(attributeTypes: [], objectClasses: [])

  /// The removals, by key.
  package let removals: [Removal]

  /// Sixteen hexadecimal digits that depend on every key, action and DN; nil for an empty set.
  package var id: String? {
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

  /// What releasing them writes, where that needs no look at the directory: all of them are deletions.
  package var deletions: String? {
    guard !removals.isEmpty, removals.allSatisfy({ $0.action == RollcallCore.Removal.Action.delete.rawValue }) else {
      return nil
    }
    return removals.map { LDIF.change(.delete(DistinguishedName(unchecked: $0.dn))) }.joined()
  }
}

extension Ledger {
  /// The removals that have not been approved.
  package func heldSet() async throws(EngineError) -> HeldSet {
    let result = try await database.query(
      """
      SELECT subject, action, dn, \(SQLText.time("since")), reason FROM rollcall.held
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
