package import LDAPModel
internal import Postgres
package import RollcallCore

/// The ledger's record of a group.
package struct ManagedGroup: Sendable, Equatable {
  package var dn: DistinguishedName
  /// Whether Rollcall created it, and may delete it when it is empty.
  package var isMade: Bool
  /// Whether the members that it had when a row first named it have been looked at.
  package var isCompared: Bool

  package init(dn: DistinguishedName, isMade: Bool, isCompared: Bool) {
    self.dn = dn
    self.isMade = isMade
    self.isCompared = isCompared
  }
}

extension Ledger {
  package func managedGroups() async throws(EngineError) -> [ManagedGroup] {
    let result = try await database.query(
      "SELECT coalesce(name, dn), made, compared FROM rollcall.managed_group WHERE directory = $1", [directory])
    return (0..<result.rowCount).map {
      ManagedGroup(
        dn: DistinguishedName(unchecked: result.text($0, 0) ?? ""), isMade: result.bool($0, 1),
        isCompared: result.bool($0, 2))
    }
  }

  /// Records groups, or changes of their records.
  /// - Parameter groups: groups by id.
  package func manage(_ groups: [(id: String, group: ManagedGroup)]) async throws(EngineError) {
    if groups.isEmpty { return }
    try await database.query(
      """
      INSERT INTO rollcall.managed_group (directory, dn, name, made, compared)
      SELECT $1, x.dn, x.name, x.made, x.compared
      FROM unnest($2::text[], $3::text[], $4::boolean[], $5::boolean[]) AS x(dn, name, made, compared)
      ON CONFLICT (directory, dn) DO UPDATE
        SET name = excluded.name, made = excluded.made, compared = excluded.compared
      """,
      [
        directory, SQLText.array(groups.map(\.id)), SQLText.array(groups.map(\.group.dn.text)),
        SQLText.array(groups.map { $0.group.isMade ? "t" : "f" }),
        SQLText.array(groups.map { $0.group.isCompared ? "t" : "f" }),
      ])
  }

  package func forgetGroup(_ id: String) async throws(EngineError) {
    try await database.query(
      "DELETE FROM rollcall.managed_group WHERE directory = $1 AND dn = $2", [directory, id])
  }

  // MARK: Renames

  /// The people whose renames are journalled until their groups follow: key and old DN.
  package func renaming() async throws(EngineError) -> [RosterKey: DistinguishedName] {
    let result = try await database.query(
      "SELECT key, old_dn FROM rollcall.renaming WHERE directory = $1", [directory])
    var renaming: [RosterKey: DistinguishedName] = [:]
    for row in 0..<result.rowCount {
      renaming[result.key(row, 0) ?? ""] = DistinguishedName(unchecked: result.text(row, 1) ?? "")
    }
    return renaming
  }

  /// Records renames before they are sent to the directory.
  package func recordRenaming(_ renames: [(key: RosterKey, old: DistinguishedName)]) async throws(EngineError) {
    if renames.isEmpty { return }
    try await database.query(
      """
      INSERT INTO rollcall.renaming (directory, key, old_dn)
      SELECT $1, x.key, x.old FROM unnest($2::text[], $3::text[]) AS x(key, old)
      ON CONFLICT (directory, key) DO UPDATE SET old_dn = excluded.old_dn, at = now()
      """, [directory, SQLText.array(renames.map(\.key)), SQLText.array(renames.map(\.old.text))])
  }

  package func clearRenaming(_ keys: [RosterKey]) async throws(EngineError) {
    if keys.isEmpty { return }
    try await database.query(
      "DELETE FROM rollcall.renaming WHERE directory = $1 AND key = ANY($2::text[])",
      [directory, SQLText.array(keys)])
  }
}
