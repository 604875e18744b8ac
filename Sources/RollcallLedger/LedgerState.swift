internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallCore

/// What the ledger says of single keys, kept in memory too: this process is the only one that writes it.
@Reactor
package final class LedgerState {
  package struct Parked {
    var attempts: Int
    var blocks: String?
    /// The server does not let us write it.
    var isDenied: Bool
    /// A hash of what was said of it.
    var words: Int
  }

  package let ledger: Ledger
  /// Whom Rollcall has met, and whom it may meet.
  package let meetings: MeetingBook
  /// For whom nothing is written.
  package let pins: PinBook
  package private(set) var parked: [RosterKey: Parked] = [:]
  /// What is held, by kind and key.
  private var held: [RemovalKind: [RosterKey: HeldRemoval]] = [:]
  package private(set) var disabled: Set<RosterKey> = []
  /// Takes keys whose record is kept for now, and says whether it is; they are looked at again.
  package var keepsDisabled: (@Reactor ([RosterKey]) -> Bool)?
  /// Keys whose entries are on their way through a temporary name.
  private(set) var temporary: [RosterKey: TemporaryRecord] = [:]
  /// Parked keys by what they wait for.
  private var waiting: [String: Set<RosterKey>] = [:]
  /// Parked keys that the server does not let us write.
  package private(set) var denied: Set<RosterKey> = []

  package init(_ ledger: Ledger) {
    self.ledger = ledger
    meetings = MeetingBook(ledger)
    pins = PinBook(ledger)
  }

  /// Reads everything anew, as after a change of leader or a command that altered it.
  package func load() async throws(EngineError) {
    try await pins.load()
    // Each is taken over the moment it is read: passes write to both meanwhile, in the same order.
    let rows = try await ledger.parked()
    parked = [:]
    waiting = [:]
    denied = []
    for row in rows {
      let isDenied = row.reason == Problem.Reason.access.rawValue
      let words = LedgerState.words(row.reason, row.message)
      remember(row.key, Parked(attempts: row.attempts, blocks: row.blocks, isDenied: isDenied, words: words))
    }
    for kind in RemovalKind.allCases { held[kind] = try await ledger.held(kind) }
    disabled = try await ledger.allDisabled()
    temporary = try await ledger.temporaryNames()
    try await meetings.load()
  }

  /// Parked keys that wait for something else than their row, the mapping or the schema.
  package var blockedKeys: [RosterKey] { parked.filter { $0.value.blocks != nil }.map(\.key) }

  /// Keys that are parked, held or pinned, or of whose adds nobody knows what has become.
  package var exceptions: Set<RosterKey> {
    Set(parked.keys).union(held.values.flatMap(\.keys)).union(meetings.waitingPeople).union(meetings.keysInMaking)
      .union(pins.keys)
  }

  /// What is held of this key, or was and is released.
  package func held(_ key: RosterKey, _ kind: RemovalKind = .people) -> HeldRemoval? { held[kind]?[key] }

  /// Keys of which a person has released something that is not done yet.
  package var released: [RosterKey] {
    Set(held.values.flatMap { $0.filter(\.value.isApproved).keys }).sorted()
  }

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
  package var awaited: [String] { Array(waiting.keys) }

  /// Whether any parked key waits for a DN, a value or a key.
  package var isAwaited: Bool { !waiting.isEmpty }

  /// Parked keys that wait for this DN, value or key.
  package func keysWaiting(for cause: String) -> [RosterKey] { Array(waiting[Problem.cause(cause)] ?? []) }

  /// Whose unpinning a parked key waits for.
  package func awaitedPin(of key: RosterKey) -> RosterKey? {
    guard let blocks = parked[key]?.blocks else { return nil }
    return pins.contains(RosterKey(blocks)) ? RosterKey(blocks) : nil
  }

  package func attempts(of key: RosterKey) -> Int { parked[key]?.attempts ?? 0 }

  package func park(_ keys: [ParkedKey]) async throws(EngineError) {
    try await ledger.park(keys)
    for key in keys {
      let isDenied = key.problem.reason == .access
      let words = LedgerState.words(key.problem.reason.rawValue, key.problem.message)
      remember(
        key.key, Parked(attempts: key.attempts, blocks: key.problem.blocks, isDenied: isDenied, words: words))
    }
  }

  /// Whether a key was not parked yet, or for something else.
  package func isNews(_ key: ParkedKey) -> Bool {
    parked[key.key]?.words != LedgerState.words(key.problem.reason.rawValue, key.problem.message)
  }

  private static func words(_ reason: String, _ message: String) -> Int { (reason + "\0" + message).hashValue }

  package func unpark(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { parked[$0] != nil }
    try await ledger.unpark(known)
    for key in known { remember(key, nil) }
  }

  /// - Parameter kind: of all of them.
  package func hold(
    _ removals: [Removal], _ kind: RemovalKind, because reason: RemovalBudget.Reason? = nil
  ) async throws(EngineError) {
    let new = removals.filter { removal in
      held(removal.key, kind).map { $0.action != removal.action || $0.dn != removal.dn.text } ?? true
    }
    try await ledger.hold(new, kind, because: reason?.explanation)
    for removal in new {
      let approved = held(removal.key, kind).map { $0.isApproved && $0.action == removal.action } ?? false
      held[kind, default: [:]][removal.key] = HeldRemoval(
        action: removal.action, dn: removal.dn.text, isApproved: approved)
    }
  }

  package func unhold(_ keys: [RosterKey], _ kind: RemovalKind = .people) async throws(EngineError) {
    let known = keys.filter { held($0, kind) != nil }
    try await ledger.unhold(known, kind)
    for key in known { held[kind]?[key] = nil }
  }

  func remember(temporary records: [RosterKey: TemporaryRecord]) async throws(EngineError) {
    try await ledger.record(temporary: records)
    temporary.merge(records) { $1 }
  }

  func forgetTemporary(_ keys: Set<RosterKey>) async throws(EngineError) {
    try await ledger.clearTemporary(Array(keys))
    for key in keys { temporary[key] = nil }
  }

  package func recordDisabled(_ keys: [RosterKey]) async throws(EngineError) {
    let new = keys.filter { !disabled.contains($0) }
    try await ledger.recordDisabled(new)
    disabled.formUnion(new)
  }

  /// Forgets that these were disabled by us; but not while an operation may still be carried out late that does so, or
  /// nobody would take it for ours.
  package func clearDisabled(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { disabled.contains($0) }
    if known.isEmpty || keepsDisabled?(known) == true { return }
    try await ledger.clearDisabled(known)
    disabled.subtract(known)
  }
}
