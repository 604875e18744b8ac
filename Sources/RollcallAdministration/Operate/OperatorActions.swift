internal import Postgres
package import Reactor
package import RollcallConfiguration
package import RollcallCore
internal import RollcallEngine
package import RollcallLedger

/// Operator actions on parked keys, and on held removals and takeovers.
///
/// The ledger is changed here; the leading daemon is notified and acts at once, otherwise the next leader reads it.
@Reactor
package final class OperatorActions {
  private let ledger: Ledger
  private let orderer: String?
  private let because: String?

  /// - Parameters:
  ///   - orderer: who wants it, for the journal; nil: who runs this program.
  ///   - because: why, for the journal.
  /// - Throws: ``EngineError`` when the connection string is malformed.
  package init(
    _ configuration: Configuration, for orderer: String? = nil, because: String? = nil
  ) throws(EngineError) {
    ledger = try Ledger(configuration)
    self.orderer = orderer
    self.because = because
  }

  package func close() { ledger.database.close() }

  /// The result of an action.
  package struct Outcome: Sendable, Equatable {
    /// The affected keys, in order.
    package var keys: [RosterKey]
    /// Keys that were named and are not parked, or not held.
    package var unknown: [RosterKey]
    /// How many of the approved actions are takeovers.
    package var takeovers = 0
  }

  /// Makes parked keys due at once; no keys means all of them.
  package func retry(_ keys: [RosterKey]) async throws(EngineError) -> Outcome {
    try await ledger.requireInstalled()
    let released = try await ledger.releaseParked(keys, actor: try await actor(), because: because)
    if !released.isEmpty { _ = try await ledger.ask(.retry) }
    return Outcome(keys: released.sorted(), unknown: OperatorActions.missing(keys, released))
  }

  /// Lets the keys be tried again that are parked for a reason.
  func retry(parkedFor reason: String) async throws(EngineError) -> Outcome {
    let rows = try await ledger.database.query(
      "SELECT key FROM rollcall.parked WHERE directory = $1 AND reason = $2", [ledger.directory, reason])
    let keys = (0..<rows.rowCount).compactMap { rows.key($0, 0) }
    return keys.isEmpty ? Outcome(keys: [], unknown: []) : try await retry(keys)
  }

  /// Approves the held actions of these keys; a group is named by its DN or its name.
  package func release(_ keys: [RosterKey]) async throws(EngineError) -> Outcome {
    try await ledger.requireInstalled()
    let all = try await ledger.heldSet().removals
    var found: [HeldSet.Removal] = []
    var unknown: [RosterKey] = []
    for key in OperatorActions.distinct(keys) {
      var matching = all.filter { $0.key == key }
      if matching.isEmpty { matching = all.filter { $0.action == Takeover.action && $0.isNamed(key.text) } }
      if matching.isEmpty { unknown.append(key) }
      found += matching.filter { !found.contains($0) }
    }
    return try await approve(found, unknown)
  }

  /// Approves the held actions of the entry or group with this DN.
  package func release(dn: String) async throws(EngineError) -> Outcome {
    try await ledger.requireInstalled()
    let found = try await ledger.heldSet().removals.filter { HeldSet.isSame($0.dn, dn) }
    return try await approve(found, found.isEmpty ? [RosterKey(dn)] : [])
  }

  private func approve(
    _ removals: [HeldSet.Removal], _ unknown: [RosterKey]
  ) async throws(EngineError) -> Outcome {
    let keys = try await approve(removals)
    return Outcome(keys: keys, unknown: unknown, takeovers: removals.count { $0.action == Takeover.action })
  }

  /// Approves the whole set, provided that it is still the one that `status` showed.
  ///
  /// - Throws: ``EngineError/refused(_:)`` if the set has changed since.
  package func release(set id: String) async throws(EngineError) -> Outcome {
    try await ledger.requireInstalled()
    let held = try await ledger.heldSet()
    guard held.id == id else {
      guard let now = held.id else {
        throw .refused("the set \(id) is no longer held: nothing is held now, and nothing was released")
      }
      throw .refused(
        "the held set has changed since \(id): it is now \(now), with \(held.removals.count) elements; "
          + "run rollcall status again; nothing was released")
    }
    return try await approve(held.removals, [])
  }

  /// Approves exactly the given actions: all of them, or nothing if some have changed meanwhile.
  private func approve(_ removals: [HeldSet.Removal]) async throws(EngineError) -> [RosterKey] {
    if removals.isEmpty { return [] }
    let actor = try await self.actor()
    try await ledger.database.query("BEGIN")
    let result = try await ledger.database.query(
      """
      WITH released AS (
        UPDATE rollcall.held AS h SET approved = true
        FROM unnest($2::text[], $3::text[], $4::text[]) AS x(key, action, dn)
        WHERE h.directory = $1 AND h.subject = x.key AND h.action = x.action AND h.dn = x.dn AND NOT h.approved
        RETURNING h.subject, h.action, h.dn),
      \(Ledger.noting(
        "release", of: "released",
        [
          // A group is held by its name.
          "key": "CASE WHEN lower(subject) = lower(dn) THEN NULL ELSE subject END", "dn": "dn", "message": "action",
          "actor": "$5", "because": "$6::text",
        ]))
      SELECT (SELECT count(*) FROM released), (SELECT count(*) FROM told)
      """,
      [
        ledger.directory, SQLText.array(removals.map(\.key)), SQLText.array(removals.map(\.action)),
        SQLText.array(removals.map(\.dn)), actor, because,
      ])
    guard result.int(0, 0) == removals.count else {
      try await ledger.database.query("ROLLBACK")
      throw .refused(
        "the held set has just changed; run rollcall status again; nothing was released")
    }
    try await ledger.database.query("COMMIT")
    _ = try await ledger.ask(.release)
    return removals.map(\.key)
  }

  private func actor() async throws(EngineError) -> String {
    if let orderer { return orderer }
    return try await ledger.actor()
  }

  private static func distinct(_ keys: [RosterKey]) -> [RosterKey] {
    var seen: Set<RosterKey> = []
    return keys.filter { seen.insert($0).inserted }
  }

  private static func missing(_ keys: [RosterKey], _ found: [RosterKey]) -> [RosterKey] {
    let found = Set(found)
    var seen: Set<RosterKey> = []
    return keys.filter { !found.contains($0) && seen.insert($0).inserted }
  }
}
