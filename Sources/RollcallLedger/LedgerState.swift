internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallCore

/// The ledger's records of single keys, cached in memory: only this process writes them.
@Reactor
package final class LedgerState {
  package struct Parked {
    var attempts: Int
    var blocks: String?
    /// Whether the server does not let us write it.
    var isDenied: Bool
    /// Whether the mapping fails for its row.
    var isFailing: Bool
    /// A hash of its reason and message.
    var words: Int
  }

  package let ledger: Ledger
  /// The entries that Rollcall knows, and those that it may take over.
  package let meetings: MeetingBook
  /// The pinned keys.
  package let pins: PinBook
  /// The entries of leavers that will be deleted.
  package let leavers: LeaverBook
  /// Digests of the passwords that were written last.
  package let passwords: PasswordBook
  package private(set) var parked: [RosterKey: Parked] = [:]
  /// The held removals, by kind and key.
  private var held: [RemovalKind: [RosterKey: HeldRemoval]] = [:]
  package private(set) var disabled: Set<RosterKey> = []
  /// Called with keys whose records are to be deleted; returns whether they are kept for now and looked at again.
  package var keepsDisabled: (@Reactor ([RosterKey]) -> Bool)?
  /// Keys whose entries are being renamed through a temporary name.
  private(set) var temporary: [RosterKey: TemporaryRecord] = [:]
  /// Parked keys by the cause that they wait for.
  private var waiting: [String: Set<RosterKey>] = [:]
  /// Parked keys that the server does not let us write.
  package private(set) var denied: Set<RosterKey> = []

  package init(_ ledger: Ledger) {
    self.ledger = ledger
    meetings = MeetingBook(ledger)
    pins = PinBook(ledger)
    leavers = LeaverBook(ledger)
    passwords = PasswordBook(ledger)
  }

  /// Reads everything again, as after a change of leader or a command that changed it.
  package func load() async throws(EngineError) {
    try await pins.load()
    // Each is stored as soon as it is read: passes write to both meanwhile, in the same order.
    let rows = try await ledger.parked()
    parked = [:]
    waiting = [:]
    denied = []
    for row in rows {
      let isDenied = row.reason == Problem.Reason.access.rawValue
      let words = LedgerState.words(row.reason, row.message)
      let isFailing = row.reason == Problem.Reason.mapping.rawValue
      remember(
        row.key,
        Parked(
          attempts: row.attempts, blocks: row.blocks, isDenied: isDenied, isFailing: isFailing, words: words))
    }
    for kind in RemovalKind.allCases { held[kind] = try await ledger.held(kind) }
    disabled = try await ledger.allDisabled()
    temporary = try await ledger.temporaryNames()
    try await leavers.load()
    try await passwords.load()
    try await meetings.load()
  }

  /// Parked keys that wait for something other than their row, the mapping or the schema.
  package var blockedKeys: [RosterKey] { parked.filter { $0.value.blocks != nil }.map(\.key) }

  /// Parked keys for whose rows the mapping fails.
  package var failingKeys: [RosterKey] { parked.filter(\.value.isFailing).map(\.key) }

  /// Keys that are parked, held or pinned, or have adds with an unknown result.
  package var exceptions: Set<RosterKey> {
    Set(parked.keys).union(held.values.flatMap(\.keys)).union(meetings.waitingPeople).union(meetings.keysInMaking)
      .union(pins.keys)
  }

  /// The held, or released, removal of this key.
  package func held(_ key: RosterKey, _ kind: RemovalKind = .people) -> HeldRemoval? { held[kind]?[key] }

  /// Keys for which a person has released something that is not done yet.
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

  /// The causes that parked keys wait for, in the form of `Problem.blocks`.
  package var awaited: [String] { Array(waiting.keys) }

  /// Whether any parked key waits for a DN, a value or a key.
  package var isAwaited: Bool { !waiting.isEmpty }

  /// Parked keys that wait for this DN, value or key.
  package func keysWaiting(for cause: String) -> [RosterKey] { Array(waiting[Problem.cause(cause)] ?? []) }

  /// The key whose unpinning a parked key waits for.
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
        key.key,
        Parked(
          attempts: key.attempts, blocks: key.problem.blocks, isDenied: isDenied,
          isFailing: key.problem.reason == .mapping, words: words))
    }
  }

  /// Whether a key was not parked before, or for another reason.
  package func isNews(_ key: ParkedKey) -> Bool {
    parked[key.key]?.words != LedgerState.words(key.problem.reason.rawValue, key.problem.message)
  }

  private static func words(_ reason: String, _ message: String) -> Int { (reason + "\0" + message).hashValue }

  package func unpark(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { parked[$0] != nil }
    try await ledger.unpark(known)
    for key in known { remember(key, nil) }
  }

  /// - Parameter kind: the kind of all of them.
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

  /// Deletes the records that these were disabled by us, unless an operation that disables them may still be carried
  /// out late: that disable would not be recognized as ours.
  package func clearDisabled(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { disabled.contains($0) }
    if known.isEmpty || keepsDisabled?(known) == true { return }
    try await ledger.clearDisabled(known)
    disabled.subtract(known)
  }
}
