internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

/// What follows from a plan for the entries that have the DNs of others.
extension Rehearsal {
  /// The entries after a plan, and the DNs that people get by it, nil for those who have no entry then.
  private func outcome(
    _ subjects: [Subject], _ plan: Plan, _ facts: DirectoryFacts
  ) -> (entries: [RosterKey: Entry?], moved: [RosterKey: DistinguishedName?]) {
    var entries: [RosterKey: Entry?] = [:]
    for subject in subjects { entries.updateValue(subject.current, forKey: subject.key) }
    var moved: [RosterKey: DistinguishedName?] = [:]
    // Their steps are no changes of the person's entry.
    let ofGroups: Set<Step.What> = [.join, .leave, .follow, .refer, .makeGroup, .dropGroup, .makeContainer]
    for step in plan.sequences.flatMap(\.steps) where !ofGroups.contains(step.what) {
      guard let entry = entries[step.key] else { continue }
      let after = step.operation.applied(to: entry, facts.schema)
      entries.updateValue(after, forKey: step.key)
      // Where the server follows names itself, only what it cannot know is left.
      if after?.dn != entry?.dn, entry == nil || !facts.dialect.followsNames {
        moved.updateValue(after?.dn, forKey: step.key)
      }
    }
    return (entries, moved)
  }

  /// Whom groups refer to after a plan.
  ///
  /// - Parameter named: the keys that were asked for; none: all people, and all groups.
  func referring(
    _ subjects: [Subject], named: [RosterKey], _ stateReader: StateReader, _ result: inout Result
  ) async throws(EngineError) -> [Step] {
    guard let keeper, let facts = engine.link.facts,
      let reader = engine.groupReferenceReader(keeper, stateReader)
    else { return [] }
    let plan = result.plan
    let steps = plan.sequences.flatMap(\.steps)
    func groups(_ what: Step.What) -> Set<GroupName> {
      Set(steps.filter { $0.what == what }.map { keeper.group(at: $0.operation.dn) })
    }
    let made = groups(.makeGroup)
    let all = Set(keeper.registry.all).union(made).subtracting(groups(.dropGroup))
    let asked = Set(named)
    let own = Set(subjects.filter { asked.contains($0.key) }.flatMap { keeper.groups(of: $0) }).union(made)
    var wanted: [(group: GroupName, references: [WantedReference])] = []
    let found = try await reader.references(of: all.sorted { $0.id < $1.id })
    for (group, answer) in found.sorted(by: { $0.key.id < $1.key.id }) {
      switch answer {
      case .success(let references):
        let isAsked = own.contains(group) || references.contains { !asked.isDisjoint(with: $0.targets) }
        if named.isEmpty || isAsked { wanted.append((group, references)) }
      case .failure(let problem):
        if named.isEmpty || own.contains(group) { result.failingReferences.append(problem) }
      }
    }
    let moved = outcome(subjects, plan, facts).moved
    var changes: [Step] = []
    for start in stride(from: 0, to: wanted.count, by: 256) {
      let some = Array(wanted[start..<min(start + 256, wanted.count)])
      let looks = try await reader.look(at: some, moved: moved, made: made)
      changes += looks.compactMap(\.step)
      if !named.isEmpty { result.groupReferences += looks }
    }
    return changes
  }

  /// The changes of references to people whose entries the plan makes, renames, moves or deletes.
  func following(_ subjects: [Subject], _ plan: Plan, _ stateReader: StateReader) async throws(EngineError) -> [Step] {
    guard !stateReader.rules.references.isEmpty, let facts = engine.link.facts else { return [] }
    var (entries, moved) = outcome(subjects, plan, facts)
    if moved.isEmpty { return [] }
    var people = subjects
    let known = Set(subjects.map(\.key))
    let others = try await engine.ledger.referrers(to: Array(moved.keys)).filter { !known.contains($0) }
    try PlanLimit.Meter(limit).check(keys: others.count)
    for start in stride(from: 0, to: others.count, by: 256) {
      let some = Array(others[start..<min(start + 256, others.count)])
      let survey = try await stateReader.survey(some, lane: .reading, careful: false)
      people += survey.subjects.filter { !isPinned($0.key) }
      for subject in survey.subjects { entries.updateValue(subject.current, forKey: subject.key) }
    }
    return people.compactMap { subject in
      let key = subject.key
      guard plan.parked[key] == nil, plan.blocked[key] == nil, plan.pinned[key] == nil,
        let wanted = subject.desired.wanted,
        wanted.references.contains(where: { $0.targets.contains { moved[$0] != nil } }),
        let entry = entries[key] ?? nil
      else { return nil }
      var names = wanted.references.reduce(into: [:]) { $0.merge($1.names) { first, _ in first } }
      for (target, name) in moved { names[target] = name }
      guard let resolved = subject.desired.resolved(names).wanted else { return nil }
      let modifications = stateReader.planner.references(of: entry, resolved)
      return modifications.isEmpty ? nil : Step(key: key, operation: .modify(entry.dn, modifications), what: .update)
    }
  }
}
