package import LDAPModel
package import Reactor
package import RollcallCore

/// The entries of leavers that are disabled and will be deleted, cached in memory: only this process writes them.
///
/// Each is recorded before it is disabled, and once more as it was left. Whoever enables, moves or edits it after that
/// has taken care of it: then it is not deleted without a person's consent.
@Reactor
package final class LeaverBook {
  private let ledger: Ledger
  /// How long after its row is gone an entry is deleted; nil: never, and nothing is recorded.
  package var wait: Duration?
  package private(set) var records: [RosterKey: LeaverRecord] = [:]

  package init(_ ledger: Ledger) { self.ledger = ledger }

  package subscript(key: RosterKey) -> LeaverRecord? { records[key] }

  /// Reads them, or drops what a configuration without `delete_after` does not need.
  package func load() async throws(EngineError) {
    var found: [RosterKey: LeaverRecord] = [:]
    if let wait { found = try await ledger.leavers(due: wait) }
    records = found
  }

  /// Drops what is recorded, where nothing is deleted any more: when a row is gone again the wait begins anew.
  package func forgetUnused() async throws(EngineError) {
    if wait == nil { try await ledger.forgetLeavers(nil) }
  }

  /// Those whose time has come.
  package var due: [RosterKey] { records.filter(\.value.isDue).keys.sorted() }

  /// Notes whose time has come since the last look.
  package func due(
    from: String, upTo instant: String
  ) async throws(EngineError) -> (keys: [RosterKey], next: Double?) {
    guard let wait else { return ([], nil) }
    let found = try await ledger.dueLeavers(after: wait, from: from, upTo: instant)
    for key in found.keys { records[key]?.isDue = true }
    return (found.keys.filter { records[$0] != nil }, found.next)
  }

  package func record(_ leavers: [(key: RosterKey, dn: DistinguishedName, state: LeaverRecord.State)])
    async throws(EngineError)
  {
    let new = leavers.map { leaver in
      (
        key: leaver.key,
        record: LeaverRecord(dn: leaver.dn.text, state: leaver.state, isDue: records[leaver.key]?.isDue ?? false)
      )
    }.filter { records[$0.key] != $0.record }
    try await ledger.record(new)
    for (key, record) in new { records[key] = record }
  }

  package func forget(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { records[$0] != nil }
    try await ledger.forgetLeavers(known)
    for key in known { records[key] = nil }
  }
}
