package import LDAPModel
package import Reactor
package import RollcallCore

/// Whom Rollcall knows, whom it is about to make, and which takeovers wait for a person.
///
/// The entries that are known stand in the ledger alone and are asked for with the rows: a hundred thousand of them take
/// no memory here. An entry that is in step is not asked for at all.
@Reactor
package final class MeetingBook {
  /// What is made of entries that the ledger does not know.
  package enum Phase: Sendable {
    /// They are strangers'.
    case settled
    /// This directory has never been compared: who is in step is known from now on.
    case first
    /// It was compared before the ledger knew of entries: all that are linked are ours.
    case recording
  }

  private let ledger: Ledger
  package private(set) var phase = Phase.settled
  /// How often it was noticed that the database has lost what the ledger knew; a comparison that began before the last
  /// time has not recorded everybody.
  package private(set) var losses = 0
  /// To tell a group's name from a key.
  package var schema: Schema?
  /// By subject.
  package private(set) var takeovers: [RosterKey: HeldTakeover] = [:]
  private var making = OpenAdds()
  /// Ids that the ledger has, of keys that were looked at lately: who changes again is not asked for again.
  private var recent: [RosterKey: String] = [:]
  private static let mostRecent = 10_000

  init(_ ledger: Ledger) { self.ledger = ledger }

  func load() async throws(EngineError) {
    making.reopen(try await ledger.making(), at: .now)
    takeovers = try await ledger.takeovers()
    recent = [:]
  }

  // MARK: Phases

  /// - Parameter isLoss: the ledger may have lost entries since this process has begun.
  package func begin(_ phase: Phase, isLoss: Bool = false) {
    self.phase = phase
    if isLoss { losses += 1 }
  }

  /// Notes that everybody has been compared, since the ledger has lost something for the last time.
  package func settle() { phase = .settled }

  // MARK: Entries

  /// The ids that the ledger has for these keys.
  package func known(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: String] {
    var known = recent.isEmpty ? [:] : recent.filter(keys: keys)
    let open = keys.filter { known[$0] == nil }
    if open.isEmpty { return known }
    let found = try await ledger.known(open)
    // Not over what was written meanwhile.
    remember(found.filter { recent[$0.key] == nil })
    known.merge(found) { $1 }
    return known
  }

  private func remember(_ found: [RosterKey: String]) {
    if recent.count + found.count > MeetingBook.mostRecent { recent = [:] }
    if found.count <= MeetingBook.mostRecent { recent.merge(found) { $1 } }
  }

  /// Whether everything that is linked is ours: an upgrade, or a database that has lost records. What was held before
  /// waits all the same.
  package func isRecording(_ key: RosterKey) -> Bool { phase == .recording && takeovers[key] == nil }

  /// The normalized names for which adds of this key were sent of which nobody knows what has become of them.
  package func namesInMaking(of key: RosterKey) -> Set<String> { making.names(of: key) }

  /// Adds of these keys that nobody carries out any more, if the keys are looked at now.
  ///
  /// - Parameter deadline: an operation's.
  package func expired(_ keys: [RosterKey], _ deadline: Duration) -> [OpenAdds.Ended] {
    making.expired(keys, before: .now - deadline)
  }

  /// Keys of adds of which nobody knows yet what has become of them.
  package var keysInMaking: [RosterKey] { making.keys }

  /// Notes adds before the directory hears of them.
  ///
  /// - Returns: the ledger's row; nil where there are none.
  package func beginMaking(_ entries: [MadeEntry]) async throws(EngineError) -> Int? {
    if entries.isEmpty { return nil }
    let row = try await ledger.beginMaking(entries)
    making.begin(row, entries, at: .now)
    return row
  }

  /// Writes entries down, and forgets adds of which it is known what they have done.
  package func record(_ entries: [(key: RosterKey, id: String)], ended: [OpenAdds.Ended] = []) async throws(EngineError)
  {
    // At once: another pass may end others of the same row meanwhile. Where the ledger fails they are read again.
    let ids = Dictionary(entries.map { ($0.key, $0.id) }) { $1 }
    try await ledger.record(ids, made: making.end(ended))
    remember(ids)
  }

  // MARK: Takeovers

  /// Whether a person has agreed to the takeover of exactly this.
  package func isReleased(_ subject: RosterKey, _ dn: DistinguishedName) -> Bool {
    takeovers[subject].map { $0.isApproved && $0.dn == dn.text } ?? false
  }

  package func isReleased(group: GroupName) -> Bool {
    takeovers[RosterKey(group.id)].map { $0.isApproved && isGroup(RosterKey(group.id), $0) } ?? false
  }

  /// The groups whose takeover nobody has decided.
  package var heldGroups: [DistinguishedName] {
    takeovers.filter { !$0.value.isApproved && isGroup($0.key, $0.value) }
      .map { DistinguishedName(unchecked: $0.value.dn) }
  }

  /// Keys of people whose takeover is held or released.
  var waitingPeople: [RosterKey] { takeovers.filter { !isGroup($0.key, $0.value) }.map(\.key) }

  /// Keys of people whose takeover may go on.
  package var releasedPeople: [RosterKey] { waitingPeople.filter { takeovers[$0]?.isApproved == true } }

  /// Keys of people whose takeover waits for a person.
  package var heldPeople: [RosterKey] { waitingPeople.filter { takeovers[$0]?.isApproved == false } }

  /// The groups whose takeover may go on.
  package var releasedGroups: [DistinguishedName] {
    takeovers.filter { $0.value.isApproved && isGroup($0.key, $0.value) }
      .map { DistinguishedName(unchecked: $0.value.dn) }
  }

  private func isGroup(_ subject: RosterKey, _ hold: HeldTakeover) -> Bool {
    guard let schema else { return false }
    return DistinguishedName(unchecked: hold.dn).normalized(schema) == subject.text
  }

  /// - Returns: those that are new.
  @discardableResult
  package func hold(_ found: [Takeover]) async throws(EngineError) -> [Takeover] {
    let new = found.filter { takeovers[$0.subject]?.dn != $0.dn.text }
    try await ledger.hold(new)
    for takeover in new { takeovers[takeover.subject] = HeldTakeover(dn: takeover.dn.text, isApproved: false) }
    return new
  }

  /// Holds groups that are not held yet; their names may be spelt in several ways.
  package func hold(groups: Set<GroupName>) async throws(EngineError) {
    let new = groups.filter { group in
      let subject = RosterKey(group.id)
      return takeovers[subject].map { !isGroup(subject, $0) } ?? true
    }
    try await hold(new.map { Takeover(subject: RosterKey($0.id), dn: $0.dn, isGroup: true) })
  }

  package func unhold(_ subjects: [RosterKey]) async throws(EngineError) {
    let known = subjects.filter { takeovers[$0] != nil }
    try await ledger.unhold(takeovers: known)
    for subject in known { takeovers[subject] = nil }
  }
}

extension [RosterKey: String] {
  fileprivate func filter(keys: [RosterKey]) -> [RosterKey: String] {
    Dictionary(keys.compactMap { key in self[key].map { (key, $0) } }) { $1 }
  }
}
