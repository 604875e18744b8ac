internal import LDAP
package import LDAPModel
package import Reactor
package import RollcallCore
package import RollcallLedger

/// Plans the changes of groups for a plan, without writing: it reads and computes the same as the real run.
@Reactor
package struct GroupRehearsal {
  package let keeper: GroupKeeper

  private var planner: GroupPlanner { keeper.planner }

  package init(keeper: GroupKeeper) { self.keeper = keeper }

  /// Keys of linked members of groups that rows name for the first time: they would be looked at too.
  package func newcomers(_ subjects: [Subject]) async throws(EngineError) -> [RosterKey] {
    let named = subjects.flatMap { planner.groups(named: $0.groups ?? []).groups }
    let found = try await keeper.meet(keeper.newcomers(named), try keeper.session(.reading))
    let ours = found.existing.subtracting(found.strangers).subtracting(found.barred)
    return try await keeper.collectMembers(Array(ours), .reading)
  }

  /// The steps before and after those of the plan; keys that cannot be planned for are parked in it.
  ///
  /// - Parameter withheld: returns which of the people who leave groups stay in them for now.
  package func steps(
    _ subjects: [Subject], _ plan: inout Plan, empty: [GroupName],
    withheld: @Reactor ([Removal]) async throws(EngineError) -> Set<RosterKey>
  ) async throws(EngineError) -> (before: [Step], after: [Step]) {
    var people = keeper.subjects(subjects, plan) { _ in false }
    let new = keeper.newcomers(people.flatMap { $0.wanted ?? [] })
    let found = try await keeper.meet(new, try keeper.session(.reading))
    plan.takeovers += found.strangers.map { Takeover(subject: RosterKey($0.id), dn: $0.dn, isGroup: true) }
    for index in people.indices {
      people[index].wanted?.removeAll(where: found.strangers.contains)
      people[index].refuse(found.barred)
    }
    for person in people { if let refusal = person.refusal { plan.parked[person.key] = refusal } }
    let waits = keeper.guardNames(&people)
    people.removeAll { waits[$0.key] != nil }
    var counted = Set(keeper.registry.all)
    for person in people { counted.formUnion(person.wanted ?? []) }
    try await keeper.look(&people, .reading) { counted.contains($0) }
    let kept = try await withheld(people.compactMap(keeper.leaving))
    for index in people.indices where kept.contains(people[index].key) { keeper.keepGroups(&people[index]) }
    let free = try await keeper.lookAtHolders(&people, .reading)
    let first = keeper.changesBefore(people, free: free)
    keeper.note(first, in: &people)
    let then = keeper.changesAfter(people)
    var show = GroupShow(keeper: keeper)
    for change in first + then { try await show.enter(change) }
    var before: [Step] = []
    var after: [Step] = []
    for (index, change) in (first + then).enumerated() {
      let steps = try await show.steps(change, isLast: show.lastIndex[change.group] == index, &plan)
      if index < first.count { before += steps } else { after += steps }
    }
    for group in empty where show.lastIndex[group] == nil {
      after.append(Step(key: RosterKey(group.dn.first?.text ?? ""), operation: .delete(group.dn), what: .dropGroup))
    }
    return (before, after)
  }
}

/// Simulates groups through successive changes.
@Reactor
private struct GroupShow {
  let keeper: GroupKeeper
  /// The index of the last change of each group.
  private(set) var lastIndex: [GroupName: Int] = [:]
  private var count = 0
  /// Identities of the members after all changes, without the placeholder; nil: the group does not exist now.
  private var members: [GroupName: Set<AttributeValue>?] = [:]
  private var made: Set<GroupName> = []
  /// Groups that the server does not show, and its error.
  private var hidden: [GroupName: LDAPError] = [:]

  private var planner: GroupPlanner { keeper.planner }

  init(keeper: GroupKeeper) { self.keeper = keeper }

  mutating func enter(_ change: GroupChange) async throws(EngineError) {
    let group = change.group
    lastIndex[group] = count
    count += 1
    if members[group] == nil {
      let session = try keeper.session(.reading)
      let finder = keeper.finder
      let read = try await refusable { () throws(EngineError) in try await finder.members(of: group, session) }
      if case .failure(let refusal) = read { hidden[group] = refusal }
      let found = (try? read.get()) ?? nil
      members[group] = .some(
        found.map { Set($0.filter { !planner.isPlaceholder($0) }.map(planner.identity)) })
    }
    guard var left = members[group] ?? nil else { return }
    for value in change.removed { left.remove(planner.identity(of: value)) }
    for value in change.added { left.insert(planner.identity(of: value)) }
    members[group] = .some(left)
  }

  mutating func steps(_ change: GroupChange, isLast: Bool, _ plan: inout Plan) async throws(EngineError)
    -> [Step]
  {
    let group = change.group
    if let refusal = hidden[group] {
      plan.parked[change.key] = Problem.refusal(of: change.step(member: planner.rules.member), refusal)
      return []
    }
    guard let left = members[group] ?? nil else { return try await make(change, &plan) }
    if isLast, left.isEmpty, planner.rules.empty == .delete, keeper.registry.isMade(group) {
      return [Step(key: change.key, operation: .delete(group.dn), what: .dropGroup)]
    }
    return [change.step(member: planner.rules.member)]
  }

  /// The first person who is to be added creates the missing group.
  private mutating func make(_ change: GroupChange, _ plan: inout Plan) async throws(EngineError) -> [Step] {
    if change.added.isEmpty { return [] }
    let joining = GroupChange(key: change.key, group: change.group, added: change.added)
    if made.contains(change.group) { return [joining.step(member: planner.rules.member)] }
    guard planner.rules.create else {
      plan.parked[change.key] = planner.missing(change.group).concerning(change.key)
      return []
    }
    switch try await keeper.attributes.values(for: change.group) {
    case .failure(let problem):
      plan.parked[change.key] = problem.concerning(change.key)
      return []
    case .success(let values):
      made.insert(change.group)
      let entry = planner.newGroup(change.group, members: change.added, attributes: values)
      return [Step(key: change.key, operation: .add(entry.dn, entry.attributes), what: .makeGroup)]
    }
  }
}

extension GroupKeeper {
  package func group(at dn: DistinguishedName) -> GroupName { planner.group(at: dn) }

  /// The groups that a person's row names.
  package func groups(of subject: Subject) -> [GroupName] { planner.groups(named: subject.groups ?? []).groups }
}
