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

  /// Marks those whose time has come.
  ///
  /// - Parameter now: the database's clock, in seconds since 1970.
  /// - Returns: the keys that were not marked before, and the seconds until the next one's time.
  package func expire(at now: Double) -> (keys: [RosterKey], next: Double?) {
    guard let wait = wait.map({ $0 / .seconds(1) }) else { return ([], nil) }
    var keys: [RosterKey] = []
    var next: Double?
    for (key, record) in records where !record.isDue {
      let rest = record.since + wait - now
      if rest <= 0 { keys.append(key) } else { next = min(next ?? rest, rest) }
    }
    for key in keys { records[key]?.isDue = true }
    return (keys.sorted(), next)
  }

  package func record(_ leavers: [(key: RosterKey, dn: DistinguishedName, state: LeaverRecord.State)])
    async throws(EngineError)
  {
    let new = leavers.filter { leaver in
      records[leaver.key].map { $0.dn != leaver.dn.text || $0.state != leaver.state } ?? true
    }
    let since = try await ledger.record(new.map { ($0.key, $0.dn.text, $0.state) })
    for leaver in new {
      // Its time may have come while this was written.
      records[leaver.key] = LeaverRecord(
        dn: leaver.dn.text, state: leaver.state, since: since[leaver.key] ?? .infinity,
        isDue: records[leaver.key]?.isDue ?? false)
    }
  }

  package func forget(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { records[$0] != nil }
    try await ledger.forgetLeavers(known)
    for key in known { records[key] = nil }
  }
}
