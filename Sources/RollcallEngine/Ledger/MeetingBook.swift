internal import LDAPModel
internal import Reactor
internal import RollcallCore

/// Whom Rollcall knows, whom it is about to make, and which takeovers wait for a person.
///
/// The entries that are known stand in the ledger alone and are asked for with the rows: a hundred thousand of them take
/// no memory here. An entry that is in step is not asked for at all.
@Reactor
final class MeetingBook {
  /// What is made of entries that the ledger does not know.
  enum Phase: Sendable {
    /// They are strangers'.
    case settled
    /// This directory has never been compared: who is in step is known from now on.
    case first
    /// It was compared before the ledger knew of entries: all that are linked are ours.
    case recording
  }

  private let ledger: Ledger
  var phase = Phase.settled
  /// To tell a group's name from a key.
  var schema: Schema?
  /// By subject.
  private(set) var takeovers: [RosterKey: HeldTakeover] = [:]
  /// Keys whose entries were to be made and may be there, with the ledger's row that says so.
  private var making: [RosterKey: Int] = [:]
  /// The keys of those rows of which nothing is known yet.
  private var open: [Int: Set<RosterKey>] = [:]

  private var conceded: Set<RosterKey> = []

  init(_ ledger: Ledger) { self.ledger = ledger }

  func load() async throws(EngineError) {
    let rows = try await ledger.making()
    making = [:]
    open = [:]
    for (row, keys) in rows { note(row, keys) }
    takeovers = try await ledger.takeovers()
  }

  // MARK: Entries

  func known(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: String] {
    keys.isEmpty ? [:] : try await ledger.known(keys)
  }

  func isMaking(_ key: RosterKey) -> Bool { making[key] != nil }

  /// Whether an upgrade's comparison has decided that the key's entry may go.
  func isConceded(_ key: RosterKey) -> Bool { conceded.contains(key) }

  /// Notes what a batch of removals may remove: after an upgrade its entries are ours, although no row names them.
  func concede(_ keys: [RosterKey]) {
    if phase == .recording { conceded.formUnion(keys) }
  }

  /// Notes whose entries are about to be made, before the directory hears of them.
  func beginMaking(_ keys: [RosterKey]) async throws(EngineError) {
    if keys.isEmpty { return }
    note(try await ledger.beginMaking(keys), keys)
  }

  private func note(_ row: Int, _ keys: [RosterKey]) {
    open[row] = Set(keys)
    for key in keys { making[key] = row }
  }

  /// Writes entries down, and what has become of keys whose entries were to be made.
  ///
  /// - Parameter ended: keys of which it is known whether there is an entry.
  func record(_ entries: [(key: RosterKey, id: String)], ended keys: [RosterKey] = []) async throws(EngineError) {
    var done: [Int] = []
    // At once: another pass may end others of the same row meanwhile. Where the ledger fails it is read again.
    for key in keys {
      guard let row = making.removeValue(forKey: key) else { continue }
      open[row]?.remove(key)
      guard open[row]?.isEmpty == true else { continue }
      open[row] = nil
      done.append(row)
    }
    try await ledger.record(entries, made: done)
  }

  // MARK: Takeovers

  /// Whether a person has agreed to the takeover of exactly this.
  func isReleased(_ subject: RosterKey, _ dn: DistinguishedName) -> Bool {
    takeovers[subject].map { $0.isApproved && $0.dn == dn.text } ?? false
  }

  func isReleased(group: GroupName) -> Bool {
    takeovers[RosterKey(group.id)].map { $0.isApproved && isGroup(RosterKey(group.id), $0) } ?? false
  }

  /// The groups whose takeover nobody has decided.
  var heldGroups: [DistinguishedName] {
    takeovers.filter { !$0.value.isApproved && isGroup($0.key, $0.value) }
      .map { DistinguishedName(unchecked: $0.value.dn) }
  }

  /// Keys of people whose takeover is held or released.
  var waitingPeople: [RosterKey] { takeovers.filter { !isGroup($0.key, $0.value) }.map(\.key) }

  /// Keys of people whose takeover may go on.
  var releasedPeople: [RosterKey] { waitingPeople.filter { takeovers[$0]?.isApproved == true } }

  /// The groups whose takeover may go on.
  var releasedGroups: [DistinguishedName] {
    takeovers.filter { $0.value.isApproved && isGroup($0.key, $0.value) }
      .map { DistinguishedName(unchecked: $0.value.dn) }
  }

  private func isGroup(_ subject: RosterKey, _ hold: HeldTakeover) -> Bool {
    guard let schema else { return false }
    return DistinguishedName(unchecked: hold.dn).normalized(schema) == subject.text
  }

  /// - Returns: those that are new.
  @discardableResult
  func hold(_ found: [Takeover]) async throws(EngineError) -> [Takeover] {
    let new = found.filter { takeovers[$0.subject]?.dn != $0.dn.text }
    try await ledger.hold(new)
    for takeover in new { takeovers[takeover.subject] = HeldTakeover(dn: takeover.dn.text, isApproved: false) }
    return new
  }

  /// Holds groups that are not held yet; their names may be spelt in several ways.
  func hold(groups: Set<GroupName>) async throws(EngineError) {
    let new = groups.filter { group in
      let subject = RosterKey(group.id)
      return takeovers[subject].map { !isGroup(subject, $0) } ?? true
    }
    try await hold(new.map { Takeover(subject: RosterKey($0.id), dn: $0.dn, isGroup: true) })
  }

  func unhold(_ subjects: [RosterKey]) async throws(EngineError) {
    let known = subjects.filter { takeovers[$0] != nil }
    try await ledger.unhold(takeovers: known)
    for subject in known { takeovers[subject] = nil }
  }
}
