internal import LDAPModel
internal import Postgres
internal import Reactor
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
      SELECT \(HeldSet.columns) FROM rollcall.held
      WHERE directory = $1 AND NOT approved ORDER BY subject COLLATE "C", action COLLATE "C"
      """, [directory])
    return HeldSet(removals: (0..<result.rowCount).map { HeldSet.Removal(result, $0) })
  }
}

extension HeldSet {
  fileprivate static let columns = "subject, action, dn, \(SQLText.time("since")), reason"

  /// What is held in each of several directories, by name; nil where that is more than can be shown.
  ///
  /// - Parameter most: how many removals of a directory are read.
  @Reactor
  package static func all(
    _ database: Database, of directories: [String], most: Int
  ) async throws(EngineError) -> [String: HeldSet?] {
    let result = try await database.query(
      """
      SELECT h.*, n.name FROM unnest($1::text[]) AS n (name) CROSS JOIN LATERAL (
        SELECT \(columns) FROM (
          SELECT * FROM rollcall.held WHERE directory = n.name AND NOT approved LIMIT \(most + 1)) AS h) AS h
      ORDER BY n.name, h.subject COLLATE "C", h.action COLLATE "C"
      """, [SQLText.array(directories)])
    var removals: [String: [Removal]] = [:]
    for row in 0..<result.rowCount { removals[result.text(row, 5) ?? "", default: []].append(Removal(result, row)) }
    return removals.mapValues { $0.count > most ? nil : HeldSet(removals: $0) }
  }

  /// Some of what is held, where it is too much to be shown.
  @Reactor
  package static func some(
    _ database: Database, of directory: String, most: Int
  ) async throws(EngineError) -> [Removal] {
    let result = try await database.query(
      """
      SELECT \(columns) FROM rollcall.held
      WHERE directory = $1 AND NOT approved ORDER BY action, subject LIMIT \(most)
      """, [directory])
    return (0..<result.rowCount).map { Removal(result, $0) }
  }
}

extension HeldSet.Removal {
  @Reactor
  fileprivate init(_ result: QueryResult, _ row: Int) {
    self.init(
      key: result.key(row, 0) ?? "", action: result.text(row, 1) ?? "", dn: result.text(row, 2) ?? "",
      since: result.text(row, 3) ?? "", reason: result.text(row, 4))
  }
}
