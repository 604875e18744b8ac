internal import Postgres
public import Reactor
public import RollcallCore

/// What a person does about keys that are parked and removals that are held.
///
/// The ledger is changed here; a daemon that leads is told and acts at once, another one finds it when it starts.
@Reactor
public final class Intervention {
  private let ledger: Ledger

  /// - Throws: ``EngineError`` when the connection string is malformed.
  public init(_ configuration: Configuration) throws(EngineError) {
    ledger = try Ledger(configuration)
  }

  public func close() { ledger.database.close() }

  /// What came of it.
  public struct Outcome: Sendable, Equatable {
    /// In order.
    public var keys: [RosterKey]
    /// Keys that were named and are not parked, or not held.
    public var unknown: [RosterKey]
  }

  /// Lets parked keys be tried again; no keys means all of them.
  public func retry(_ keys: [RosterKey]) async throws(EngineError) -> Outcome {
    try await ledger.requireInstalled()
    let released = try await ledger.releaseParked(keys)
    if !released.isEmpty { _ = try await ledger.ask(.retry) }
    return Outcome(keys: released.sorted(), unknown: Intervention.missing(keys, released))
  }

  /// Approves held removals by key.
  public func release(_ keys: [RosterKey]) async throws(EngineError) -> Outcome {
    try await ledger.requireInstalled()
    let wanted = Set(keys)
    let held = try await ledger.heldSet().removals.filter { wanted.contains($0.key) }
    let released = try await approve(held)
    return Outcome(keys: released, unknown: Intervention.missing(keys, held.map(\.key)))
  }

  /// Approves the whole set, provided that it still is the one that `status` showed.
  ///
  /// - Throws: ``EngineError/refused(_:)`` when the set has changed since.
  public func release(set id: String) async throws(EngineError) -> Outcome {
    try await ledger.requireInstalled()
    let held = try await ledger.heldSet()
    guard held.id == id else {
      guard let now = held.id else {
        throw .refused("the set \(id) is not held any more: nothing is held now; nothing was released")
      }
      throw .refused(
        "the set of held removals has changed since \(id): it is \(now) now, of \(held.removals.count); "
          + "look at rollcall status again; nothing was released")
    }
    return Outcome(keys: try await approve(held.removals), unknown: [])
  }

  /// Approves exactly what was seen: all of it, or nothing where some of it has changed meanwhile.
  private func approve(_ removals: [HeldSet.Removal]) async throws(EngineError) -> [RosterKey] {
    if removals.isEmpty { return [] }
    try await ledger.database.query("BEGIN")
    let result = try await ledger.database.query(
      """
      UPDATE rollcall.held AS h SET approved = true
      FROM unnest($2::text[], $3::text[], $4::text[]) AS x(key, action, dn)
      WHERE h.directory = $1 AND h.subject = x.key AND h.action = x.action AND h.dn = x.dn AND NOT h.approved
      """,
      [
        ledger.directory, SQLText.array(removals.map(\.key)), SQLText.array(removals.map(\.action)),
        SQLText.array(removals.map(\.dn)),
      ])
    guard result.affectedRows == removals.count else {
      try await ledger.database.query("ROLLBACK")
      throw .refused(
        "a held removal has changed this moment; look at rollcall status again; nothing was released")
    }
    try await ledger.database.query("COMMIT")
    _ = try await ledger.ask(.release)
    return removals.map(\.key)
  }

  private static func missing(_ keys: [RosterKey], _ found: [RosterKey]) -> [RosterKey] {
    let found = Set(found)
    var seen: Set<RosterKey> = []
    return keys.filter { !found.contains($0) && seen.insert($0).inserted }
  }
}
