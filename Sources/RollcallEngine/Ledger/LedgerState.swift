internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallCore

/// What the ledger says of single keys, kept in memory too: this process is the only one that writes it.
@Reactor
final class LedgerState {
  struct Parked {
    var attempts: Int
    var blocks: String?
    /// The server does not let us write it.
    var isDenied: Bool
  }

  let ledger: Ledger
  private(set) var parked: [RosterKey: Parked] = [:]
  private(set) var held: [RosterKey: HeldRemoval] = [:]
  private(set) var disabled: Set<RosterKey> = []
  /// Parked keys by what they wait for.
  private var waiting: [String: Set<RosterKey>] = [:]
  /// Parked keys that the server does not let us write.
  private(set) var denied: Set<RosterKey> = []

  init(_ ledger: Ledger) { self.ledger = ledger }

  /// Reads everything anew, as after a change of leader or a command that altered it.
  func load() async throws(EngineError) {
    // Each is taken over the moment it is read: passes write to both meanwhile, in the same order.
    let rows = try await ledger.parked()
    parked = [:]
    waiting = [:]
    denied = []
    for row in rows {
      let isDenied = row.reason == Problem.Reason.access.rawValue
      remember(row.key, Parked(attempts: row.attempts, blocks: row.blocks, isDenied: isDenied))
    }
    held = try await ledger.held()
    disabled = try await ledger.allDisabled()
  }

  /// Parked keys that wait for something else than their row, the mapping or the schema.
  var blockedKeys: [RosterKey] { parked.filter { $0.value.blocks != nil }.map(\.key) }

  /// Keys that are parked or held.
  var exceptions: Set<RosterKey> { Set(parked.keys).union(held.keys) }

  private func remember(_ key: RosterKey, _ entry: Parked?) {
    if let blocks = parked[key]?.blocks {
      waiting[blocks]?.remove(key)
      if waiting[blocks]?.isEmpty == true { waiting[blocks] = nil }
    }
    parked[key] = entry
    if entry?.isDenied == true { denied.insert(key) } else { denied.remove(key) }
    if let blocks = entry?.blocks { waiting[blocks, default: []].insert(key) }
  }

  /// What parked keys wait for, in the form of `Problem.blocks`.
  var awaited: [String] { Array(waiting.keys) }

  /// Whether any parked key waits for a DN, a value or a key.
  var isAwaited: Bool { !waiting.isEmpty }

  /// Parked keys that wait for this DN, value or key.
  func keysWaiting(for cause: String) -> [RosterKey] { Array(waiting[cause] ?? []) }

  func attempts(of key: RosterKey) -> Int { parked[key]?.attempts ?? 0 }

  func park(_ keys: [ParkedKey]) async throws(EngineError) {
    try await ledger.park(keys)
    for key in keys {
      let isDenied = key.problem.reason == .access
      remember(key.key, Parked(attempts: key.attempts, blocks: key.problem.blocks, isDenied: isDenied))
    }
  }

  func unpark(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { parked[$0] != nil }
    try await ledger.unpark(known)
    for key in known { remember(key, nil) }
  }

  func hold(_ removals: [Removal]) async throws(EngineError) {
    let new = removals.filter { held[$0.key]?.action != $0.action || held[$0.key]?.dn != $0.dn.text }
    try await ledger.hold(new)
    for removal in new {
      let approved = held[removal.key].map { $0.isApproved && $0.action == removal.action } ?? false
      held[removal.key] = HeldRemoval(action: removal.action, dn: removal.dn.text, isApproved: approved)
    }
  }

  func unhold(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { held[$0] != nil }
    try await ledger.unhold(known)
    for key in known { held[key] = nil }
  }

  func recordDisabled(_ keys: [RosterKey]) async throws(EngineError) {
    let new = keys.filter { !disabled.contains($0) }
    try await ledger.recordDisabled(new)
    disabled.formUnion(new)
  }

  func clearDisabled(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { disabled.contains($0) }
    try await ledger.clearDisabled(known)
    disabled.subtract(known)
  }
}
