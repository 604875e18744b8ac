internal import LDAP
internal import LDAPModel
package import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Keeps groups in step with the rows that name them, in addition to the work on people.
///
/// People are written before groups when they join and after groups when they leave; a rename is journalled before
/// ModifyDN and groups follow it afterwards, unless the server updates them itself.
@Reactor
package final class GroupKeeper {
  /// How long a server may take to update members after a rename: number of checks, and the pause between them.
  static let looks = 5
  static let pause: Duration = .milliseconds(20)

  let planner: GroupPlanner
  let finder: GroupFinder
  package let registry: GroupRegistry
  let link: DirectoryLink
  let attributes: GroupAttributes
  let meetings: MeetingBook
  /// Groups that match it are never touched.
  let protected: Filter?
  private let lanes: GroupLanes
  private var names = NamesInMotion()
  /// The groups' names in the directory, by their names in rows.
  var spellings: [AttributeValue: AttributeValue] = [:]
  /// Whether the server itself updates members when a person is renamed; nil until a rename has shown it.
  private(set) var serverFollows: Bool?
  /// Called with the keys of existing members of groups when a row first names these.
  var onMembers: (@Reactor ([RosterKey], [GroupName]) -> Void)?
  /// Whether the server may still carry out an operation for a key that was sent over an earlier connection; the key
  /// is looked at again when that is over.
  var mayComeLate: @Reactor (RosterKey) -> Bool = { _ in false }
  /// Called with a group that existed, was missing and is created anew.
  var onRemade: (@Reactor (GroupName) -> Void)?

  init(
    _ configuration: Configuration.Groups, people: UserRules, protected: Filter?, _ protection: Protection,
    facts: DirectoryFacts, link: DirectoryLink, _ ledger: Ledger, _ meetings: MeetingBook, database: Database
  ) {
    self.meetings = meetings
    self.protected = protected
    planner = GroupPlanner(rules: GroupRules(configuration), schema: facts.schema, protection: protection)
    finder = GroupFinder(planner: planner, people: people, hasRanges: facts.dialect.rangedRetrieval)
    registry = GroupRegistry(ledger, planner)
    self.link = link
    // No server updates members that are not DNs.
    serverFollows = planner.carriesNames ? nil : false
    attributes = GroupAttributes(
      database: database, naming: configuration.naming, expressions: configuration.attributes)
    let writer = GroupWriter(planner, finder: finder, registry: registry, attributes: attributes, link: link)
    lanes = GroupLanes(writer)
    writer.onRemade = { [weak self] group in self?.onRemade?(group) }
  }

  /// Reads the ledger; from now on names that people were giving up are guarded.
  func load() async throws(EngineError) {
    try await registry.load()
    if let protected {
      registry.bar(try await finder.existing(registry.all, try session(.bulk), matching: protected))
    }
    for (key, old) in registry.renaming {
      if let name = planner.value(of: old) { names.leave(planner.identity(of: name), key) }
    }
  }

  func learn(follows: Bool) { serverFollows = follows }

  // MARK: Before

  /// The people of a batch who are affected by groups, with their known memberships.
  ///
  /// - Parameter isOut: whether a key is to be skipped.
  func subjects(
    _ subjects: [Subject], _ plan: Plan, isOut: (RosterKey) -> Bool
  ) -> [GroupSubject] {
    var steps: [RosterKey: Int] = [:]
    var renamed: [RosterKey: DistinguishedName] = [:]
    for sequence in plan.sequences {
      let keys = sequence.keys
      for key in keys { steps[key] = keys.count }
      for step in sequence.steps { if let new = step.newDN { renamed[step.key] = new } }
    }
    let withheld = plan.waitingKeys
    var people: [GroupSubject] = []
    for subject in subjects {
      let key = subject.key
      let journalled = registry.renaming[key]
      guard subject.groups != nil || journalled != nil, !isOut(key), plan.parked[key] == nil,
        plan.blocked[key] == nil, !withheld.contains(key)
      else { continue }
      var person = GroupSubject(key: key, before: subject.current?.dn, journalled: journalled)
      person.hasSteps = steps[key] != nil
      person.isGone = subject.desired == .absent || subject.desired == .orphanDisabled
      person.isContended = steps[key] ?? 0 > 1
      person.after = after(subject, hasSteps: person.hasSteps, renamed[key])
      person.oldName = person.before.flatMap(planner.value)
      person.newName = person.after.flatMap(planner.value)
      if let one = person.oldName, let other = person.newName,
        planner.identity(of: one) == planner.identity(of: other)
      {
        person.newName = one
      }
      person.journalledName = journalled.flatMap(planner.value)
      if person.oldName == nil, person.newName == nil, person.journalledName == nil { continue }
      if let named = subject.groups.map(planner.groups(named:)) {
        person.wanted = named.groups
        person.refusal = named.refusal?.concerning(key)
        person.refuse(registry.barred)
      }
      people.append(person)
    }
    return people
  }

  /// - Parameter renamed: the name that the plan gives it.
  private func after(_ subject: Subject, hasSteps: Bool, _ renamed: DistinguishedName?) -> DistinguishedName? {
    switch subject.desired {
    case .present(let wanted), .disabled(let wanted): hasSteps ? wanted.entry.dn : subject.current?.dn
    case .absent: nil
    case .orphanDisabled, .untouched, .rejected, .lockedOut: renamed ?? subject.current?.dn
    }
  }

  /// Guards the names that people of the batch take and give up.
  ///
  /// - Returns: for each key that has to wait, the key that it waits for.
  func guardNames(_ people: inout [GroupSubject]) -> [RosterKey: RosterKey] {
    var waits: [RosterKey: RosterKey] = [:]
    for person in people where person.isRenamed {
      guard let name = person.newName.map(planner.identity) else { continue }
      if let leaver = names.leaver(of: name, other: person.key) {
        waits[person.key] = leaver
      } else {
        names.take(name, person.key)
      }
    }
    for index in people.indices where people[index].isRenamed {
      let person = people[index]
      guard let name = person.oldName.map(planner.identity) else { continue }
      // The journal holds one name per key: a person who already has one is removed under both names.
      let isSecond = person.journalledName.map { planner.identity(of: $0) != name } ?? false
      if isSecond || names.isWanted(name, byOtherThan: person.key) { people[index].isContended = true }
    }
    return waits
  }

  /// The keys of all linked members of these groups.
  func collectMembers(_ groups: [GroupName], _ lane: DirectoryLink.Lane) async throws(EngineError) -> [RosterKey] {
    var keys: Set<RosterKey> = []
    for group in groups {
      let session = try session(lane)
      // Members of a group that the server does not show are left to the writer of the group.
      let read = try await refusable { () throws(EngineError) in try await finder.members(of: group, session) }
      guard case .success(let members?) = read else { continue }
      keys.formUnion(try await finder.keys(of: members, session))
    }
    return Array(keys)
  }

  /// Reads the people's memberships in managed groups.
  ///
  /// - Parameter manages: whether a group counts.
  func look(
    _ people: inout [GroupSubject], _ lane: DirectoryLink.Lane, manages: (GroupName) -> Bool
  ) async throws(EngineError) {
    var places: [(index: Int, value: AttributeValue)] = []
    for (index, person) in people.enumerated() {
      var seen: Set<AttributeValue> = []
      for value in [person.oldName, person.newName, person.journalledName].compactMap({ $0 })
      where seen.insert(planner.identity(of: value)).inserted {
        places.append((index, value))
      }
      people[index].found = []
    }
    var owners: [AttributeValue: [Int]] = [:]
    for (index, value) in places { owners[value, default: []].append(index) }
    for membership in try await finder.memberships(of: Array(owners.keys), try session(lane))
    where manages(membership.group) {
      for index in owners[membership.value] ?? [] { people[index].found.append(membership) }
    }
  }

  // MARK: Writing

  /// Applies changes of many groups concurrently.
  func apply(_ changes: [GroupChange], _ lane: DirectoryLink.Lane) async -> GroupReport {
    var report = GroupReport()
    for (change, outcome) in zip(changes, await lanes.apply(changes, lane)) {
      switch outcome {
      case .done(let steps): report.applied += steps
      case .trouble(let error):
        report.trouble = report.trouble ?? error
        if case .directory(let failure) = error, UnknownOutcomes.isUnknown(failure.code) {
          var step = change.step(member: planner.rules.member)
          // The value may then refer to a later holder of the name.
          if planner.carriesNames { step.newDN = change.added.first.map(planner.name) }
          report.unknown.append(step)
        }
      case .refused, .impossible:
        if report.failures[change.key] == nil { report.failures[change.key] = outcome }
      }
    }
    return report
  }

  /// Applies steps that do not concern members, each while nothing else writes its group; returns the refusals.
  func write(_ steps: [(group: GroupName, step: Step)], _ lane: WriteLane) async -> [LDAPError?] {
    await lanes.apply(steps, through: lane)
  }

  /// Deletes groups without members; a group that gets members meanwhile stays.
  func drop(_ groups: [GroupName]) async throws(EngineError) {
    let nothing = groups.map { GroupChange(key: RosterKey($0.dn.first?.text ?? ""), group: $0) }
    for outcome in await lanes.apply(nothing, .bulk) {
      if case .trouble(let error) = outcome { throw error }
    }
  }

  /// Journals the renames that groups will have to follow, before they are sent to the directory; also names that are
  /// given up while a join under them may still be carried out.
  func journal(_ people: [GroupSubject]) async throws(EngineError) {
    let renames = people.filter { hasToFollow($0) || mayBeJoinedLate($0) }.compactMap { person in
      person.before.map { (key: person.key, old: $0) }
    }
    try await registry.record(renames)
    for (key, old) in renames {
      if let name = planner.value(of: old) { names.leave(planner.identity(of: name), key) }
    }
  }

  /// Clears the journal of renames that were refused or never sent.
  func forgetUnmadeRenames(_ subjects: [Subject]) async throws(EngineError) {
    if registry.renaming.isEmpty { return }
    var keys: [RosterKey] = []
    for subject in subjects {
      guard let old = registry.renaming[subject.key].flatMap(planner.value),
        let current = (subject.current?.dn).flatMap(planner.value),
        planner.identity(of: old) == planner.identity(of: current)
      else { continue }
      keys.append(subject.key)
      names.ended(leaving: planner.identity(of: old), subject.key)
    }
    try await registry.clear(keys)
  }

  private func mayBeJoinedLate(_ person: GroupSubject) -> Bool {
    person.isRenamed && !person.isContended && person.journalledName == nil && mayComeLate(person.key)
  }

  /// Clears the journal of people whose groups have their current names.
  func followed(_ people: [GroupSubject]) async throws(EngineError) {
    let journalled = people.filter { registry.renaming[$0.key] != nil && !mayComeLate($0.key) }
    let old = journalled.map { registry.renaming[$0.key].flatMap(planner.value) }
    try await registry.clear(journalled.map(\.key))
    for (person, name) in zip(journalled, old) {
      if let name { names.ended(leaving: planner.identity(of: name), person.key) }
    }
  }

  /// Releases the guarded new names after the operations, whether they succeeded or not.
  func release(_ people: [GroupSubject]) {
    for person in people {
      if let name = person.newName { names.ended(taking: planner.identity(of: name), person.key) }
    }
  }

  func session(_ lane: DirectoryLink.Lane) throws(EngineError) -> LDAPSession {
    try link.session(lane == .fast ? .fast : .reading)
  }
}
