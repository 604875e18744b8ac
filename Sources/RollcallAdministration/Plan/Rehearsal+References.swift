internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

/// What follows from a plan for the entries that have the DNs of others.
extension Rehearsal {
  /// The changes of references to people whose entries the plan makes, renames, moves or deletes.
  func following(_ subjects: [Subject], _ plan: Plan, _ stateReader: StateReader) async throws(EngineError) -> [Step] {
    guard !stateReader.rules.references.isEmpty, let facts = engine.link.facts else { return [] }
    var entries: [RosterKey: Entry?] = [:]
    for subject in subjects { entries.updateValue(subject.current, forKey: subject.key) }
    var moved: [RosterKey: DistinguishedName?] = [:]
    for step in plan.sequences.flatMap(\.steps) {
      guard let entry = entries[step.key] else { continue }
      let after = step.operation.applied(to: entry, facts.schema)
      entries.updateValue(after, forKey: step.key)
      // Where the server follows names itself, only what it cannot know is left.
      if after?.dn != entry?.dn, entry == nil || !facts.dialect.followsNames {
        moved.updateValue(after?.dn, forKey: step.key)
      }
    }
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
