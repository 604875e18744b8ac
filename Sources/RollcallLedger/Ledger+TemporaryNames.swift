package import LDAPModel
internal import Postgres
package import RollcallCore

/// An entry that is being renamed through a temporary name.
struct TemporaryRecord: Sendable, Equatable {
  /// Its DN before the exchange.
  var old: DistinguishedName
  /// Its temporary DN, current or planned.
  var temporary: DistinguishedName
}

extension Ledger {
  func temporaryNames() async throws(EngineError) -> [RosterKey: TemporaryRecord] {
    let result = try await database.query(
      "SELECT key, old_dn, dn FROM rollcall.temporary_name WHERE directory = $1", [directory])
    var records: [RosterKey: TemporaryRecord] = [:]
    for row in 0..<result.rowCount {
      records[result.key(row, 0) ?? ""] = TemporaryRecord(
        old: DistinguishedName(unchecked: result.text(row, 1) ?? ""),
        temporary: DistinguishedName(unchecked: result.text(row, 2) ?? ""))
    }
    return records
  }

  /// Records temporary names before they are sent to the directory.
  func record(temporary records: [RosterKey: TemporaryRecord]) async throws(EngineError) {
    if records.isEmpty { return }
    let rows = Array(records)
    try await database.query(
      """
      INSERT INTO rollcall.temporary_name (directory, key, old_dn, dn)
      SELECT $1, x.key, x.old, x.dn FROM unnest($2::text[], $3::text[], $4::text[]) AS x(key, old, dn)
      ON CONFLICT (directory, key) DO UPDATE SET old_dn = excluded.old_dn, dn = excluded.dn, at = now()
      """,
      [
        directory, SQLText.array(rows.map(\.key)), SQLText.array(rows.map(\.value.old.text)),
        SQLText.array(rows.map(\.value.temporary.text)),
      ])
  }

  func clearTemporary(_ keys: [RosterKey]) async throws(EngineError) {
    if keys.isEmpty { return }
    try await database.query(
      "DELETE FROM rollcall.temporary_name WHERE directory = $1 AND key = ANY($2::text[])",
      [directory, SQLText.array(keys)])
  }
}

extension LedgerState {
  /// The DN before an exchange that has left the entry at this name; nil if it has no temporary name.
  package func formerName(of key: RosterKey, at dn: DistinguishedName?, _ schema: Schema) -> DistinguishedName? {
    guard let record = temporary[key], let dn, dn.isEquivalent(to: record.temporary, schema) else { return nil }
    return record.old
  }

  /// Records the temporary names of a plan before it is applied.
  package func recordTemporary(_ sequences: [Plan.Sequence]) async throws(EngineError) {
    var records: [RosterKey: TemporaryRecord] = [:]
    for step in sequences.flatMap(\.steps) where step.what == .temporaryRename {
      guard let old = step.oldDN, let new = step.newDN else { continue }
      // An entry that still has one from an earlier exchange keeps the DN before that.
      let first = temporary[step.key].flatMap { $0.temporary == old ? $0.old : nil }
      records[step.key] = TemporaryRecord(old: first ?? old, temporary: new)
    }
    try await remember(temporary: records)
  }

  /// Deletes the temporary names whose exchange has ended by these steps, or was undone.
  package func settleTemporary(_ done: some Sequence<Step>, undone: some Sequence<Step>) async throws(EngineError) {
    if temporary.isEmpty { return }
    var over = Set(undone.filter { $0.what == .temporaryRename }.map(\.key))
    for step in done {
      switch step.what {
      case .temporaryRename: over.remove(step.key)
      case .rename, .move, .delete: over.insert(step.key)
      default: break
      }
    }
    try await forgetTemporary(over.filter { temporary[$0] != nil })
  }
}
