package import LDAPModel
package import Reactor
package import RollcallCore

/// The entries that Rollcall knows or is about to create, and the takeovers that wait for a person.
///
/// The known entries are stored only in the ledger and read together with the rows: a hundred thousand of them take
/// no memory here. For an entry that is in step they are not read at all.
@Reactor
package final class MeetingBook {
  /// How entries that the ledger does not know are treated.
  package enum Phase: Sendable {
    /// They belong to others.
    case complete
    /// This directory has never been compared: entries that are in step become known.
    case first
    /// It was compared before the ledger recorded entries: all linked entries are ours.
    case recording
  }

  private let ledger: Ledger
  package private(set) var phase = Phase.complete
  /// The number of times that the database was found to have lost records of the ledger; a comparison that began
  /// before the last time has not recorded everything.
  package private(set) var losses = 0
  /// Distinguishes a group's name from a key.
  package var schema: Schema?
  /// Takeovers by subject.
  package private(set) var takeovers: [RosterKey: HeldTakeover] = [:]
  private var making = OpenAdds()
  /// Ids from the ledger for keys that were looked at recently, so that they need not be read again.
  private var recent: [RosterKey: String] = [:]
  private static let mostRecent = 10_000

  init(_ ledger: Ledger) { self.ledger = ledger }

  func load() async throws(EngineError) {
    making.reopen(try await ledger.making(), at: .now)
    takeovers = try await ledger.takeovers()
    recent = [:]
  }

  // MARK: Phases

  /// - Parameter isLoss: whether the ledger may have lost entries since this process began.
  package func begin(_ phase: Phase, isLoss: Bool = false) {
    self.phase = phase
    if isLoss { losses += 1 }
  }

  /// Records that a full comparison has ended since the ledger's last loss.
  package func complete() { phase = .complete }

  // MARK: Entries

  /// The ids that the ledger has for these keys.
  package func known(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: String] {
    var known = recent.isEmpty ? [:] : recent.filter(keys: keys)
    let open = keys.filter { known[$0] == nil }
    if open.isEmpty { return known }
    let found = try await ledger.known(open)
    // Does not overwrite what was written meanwhile.
    remember(found.filter { recent[$0.key] == nil })
    known.merge(found) { $1 }
    return known
  }

  private func remember(_ found: [RosterKey: String]) {
    if recent.count + found.count > MeetingBook.mostRecent { recent = [:] }
    if found.count <= MeetingBook.mostRecent { recent.merge(found) { $1 } }
  }

  /// Whether all linked entries are ours: after an upgrade, or if a database has lost records. Entries that were held
  /// before still wait.
  package func isRecording(_ key: RosterKey) -> Bool { phase == .recording && takeovers[key] == nil }

  /// The normalized names of adds of this key whose results are unknown.
  package func namesInMaking(of key: RosterKey) -> Set<String> { making.names(of: key) }

  /// Adds of these keys that can no longer be carried out, provided that the keys are looked at now.
  ///
  /// - Parameter deadline: the deadline of an operation.
  package func expired(_ keys: [RosterKey], _ deadline: Duration) -> [OpenAdds.Ended] {
    making.expired(keys, before: .now - deadline)
  }

  /// Keys of adds whose results are unknown.
  package var keysInMaking: [RosterKey] { making.keys }

  /// Records adds before they are sent to the directory.
  ///
  /// - Returns: the ledger's row; nil if there are none.
  package func beginMaking(_ entries: [MadeEntry]) async throws(EngineError) -> Int? {
    if entries.isEmpty { return nil }
    let row = try await ledger.beginMaking(entries)
    making.begin(row, entries, at: .now)
    return row
  }

  /// Records entries, and deletes adds whose results are known.
  package func record(_ entries: [(key: RosterKey, id: String)], ended: [OpenAdds.Ended] = []) async throws(EngineError)
  {
    // Without waiting: another pass may end others of the same row. If the ledger fails, they are read again.
    let ids = Dictionary(entries.map { ($0.key, $0.id) }) { $1 }
    try await ledger.record(ids, made: making.end(ended))
    remember(ids)
  }

  // MARK: Takeovers

  /// Whether a person has approved the takeover of exactly this entry.
  package func isReleased(_ subject: RosterKey, _ dn: DistinguishedName) -> Bool {
    takeovers[subject].map { $0.isApproved && $0.dn == dn.text } ?? false
  }

  package func isReleased(group: GroupName) -> Bool {
    takeovers[RosterKey(group.id)].map { $0.isApproved && isGroup(RosterKey(group.id), $0) } ?? false
  }

  /// The groups whose takeover is undecided.
  package var heldGroups: [DistinguishedName] {
    takeovers.filter { !$0.value.isApproved && isGroup($0.key, $0.value) }
      .map { DistinguishedName(unchecked: $0.value.dn) }
  }

  /// Keys of people whose takeover is held or released.
  var waitingPeople: [RosterKey] { takeovers.filter { !isGroup($0.key, $0.value) }.map(\.key) }

  /// Keys of people whose takeover is released.
  package var releasedPeople: [RosterKey] { waitingPeople.filter { takeovers[$0]?.isApproved == true } }

  /// Keys of people whose takeover waits for a person's decision.
  package var heldPeople: [RosterKey] { waitingPeople.filter { takeovers[$0]?.isApproved == false } }

  /// The groups whose takeover is released.
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

  /// Holds groups that are not held yet; their names may have several spellings.
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
