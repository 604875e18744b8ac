internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Groups in the processing of a batch. Without groups in the configuration none of this happens.
extension Worker {
  /// Reads the groups of a batch and makes the changes that come before the operations on people.
  ///
  /// Removes people from the plan whose changes were refused, or whose new name another is about to give up.
  /// - Returns: nil if no groups are configured.
  func beginGroups(
    _ subjects: [Subject], _ plan: inout Plan, _ pass: inout Pass
  ) async throws(EngineError) -> GroupTurn? {
    guard let groups else { return nil }
    var subjects = subjects
    try await groups.believe(&subjects, pass.lane)
    try await groups.forgetUnmadeRenames(subjects)
    let known = pass.report.verdicts
    var people = groups.subjects(subjects, plan) { key in
      switch known[key] {
      case nil, .settled?: false
      case .parked?, .waits?, .withheld?, .pinned?: true
      }
    }
    var out: [RosterKey: Verdict?] = [:]
    for (key, holder) in groups.guardNames(&people) { out[key] = wait(key, for: holder, pass.hasAwaited) }
    people.removeAll { out[$0.key] != nil }
    try await groups.manage(&people, pass.lane)
    try await groups.look(&people, pass.lane, manages: groups.registry.manages)
    try await withholdLeaving(&people, groups, &pass.report)
    let free = try await groups.lookAtHolders(&people, pass.lane)
    let changes = groups.changesBefore(people, free: free)
    let result = await groups.apply(changes, pass.lane)
    try note(result, &pass.report)
    for (key, failure) in result.failures { out[key] = .some(try verdict(of: failure, key, isLast: pass.isLast)) }
    groups.note(changes.filter { result.failures[$0.key] == nil }, in: &people)
    takeOut(out, &plan, pass.hasAwaited, &pass.report)
    groups.release(people.filter { out[$0.key] != nil || isOut($0.key, pass.report) })
    people.removeAll { out[$0.key] != nil || isOut($0.key, pass.report) }
    try await groups.journal(people)
    return GroupTurn(people: people, again: out.filter { $0.value == nil }.map(\.key))
  }

  /// Makes the changes that come after the operations on people, for those whose operations were all applied.
  func endGroups(_ turn: GroupTurn?, _ pass: inout Pass) async throws(EngineError) {
    guard let groups, let turn else { return }
    defer { groups.release(turn.people) }
    let keys = turn.people.map(\.key)
    guard pass.report.trouble == nil else {
      unsettle(keys, &pass.report)
      return
    }
    var again = turn.again
    var people = turn.people.filter { if case .settled? = pass.report.verdicts[$0.key] { true } else { false } }
    do throws(EngineError) {
      try await groups.reread(&people, pass.lane)
      let result = await groups.apply(groups.changesAfter(people), pass.lane)
      try note(result, &pass.report)
      for (key, failure) in result.failures {
        let verdict = try verdict(of: failure, key, isLast: pass.isLast)
        pass.report.verdicts[key] = verdict
        if verdict == nil { again.append(key) }
      }
      try await groups.followed(people.filter { result.failures[$0.key] == nil })
      for person in people where result.failures[person.key] == nil {
        if let refusal = person.refusal {
          pass.report.verdicts[person.key] = .parked(refusal, attempts: 1, retryAfter: nil)
        }
      }
    } catch {
      unsettle(keys, &pass.report)
      throw error
    }
    pass.open += again
  }

  /// Keeps people in groups if their leaving is held, or is decided together with others.
  private func withholdLeaving(
    _ people: inout [GroupSubject], _ groups: GroupKeeper, _ report: inout WorkReport
  ) async throws(EngineError) {
    let leaves = people.compactMap(groups.leaving)
    let withheld = leaves.isEmpty ? [] : try await removalGuard.withhold(leaves, .memberships)
    for index in people.indices where withheld.contains(people[index].key) { groups.keepGroups(&people[index]) }
    report.keepGroups.subtract(people.map(\.key))
    report.keepGroups.formUnion(withheld)
    let leavers = Set(leaves.map(\.key))
    let staying = people.map(\.key).filter { !leavers.contains($0) }
    removalGuard.keep(staying, .memberships)
    try await state.unhold(staying, .memberships)
  }

  func note(_ result: GroupReport, _ report: inout WorkReport) throws(EngineError) {
    report.applied += result.applied
    for step in result.applied { removalGuard.applied(step) }
    report.unknown += result.unknown
    if let trouble = result.trouble { throw trouble }
  }

  /// Revokes that keys are settled: the work on their groups did not end.
  func unsettle(_ keys: [RosterKey], _ report: inout WorkReport) {
    if groups == nil { return }
    for key in keys {
      if case .settled? = report.verdicts[key] { report.verdicts[key] = nil }
    }
  }

  private func isOut(_ key: RosterKey, _ report: WorkReport) -> Bool {
    switch report.verdicts[key] {
    case nil, .settled?: false
    case .parked?, .waits?, .withheld?, .pinned?: true
    }
  }

  /// Removes people's operations from the plan, and those that depend on them by names; but disabling does not wait
  /// until groups can follow.
  private func takeOut(
    _ out: [RosterKey: Verdict?], _ plan: inout Plan, _ hasAwaited: (RosterKey, RosterKey) -> Bool,
    _ report: inout WorkReport
  ) {
    for (key, verdict) in out { report.verdicts[key] = verdict }
    plan.sequences = plan.sequences.compactMap { sequence in
      let keys = sequence.keys
      guard let cause = keys.first(where: { out.keys.contains($0) }) else { return sequence }
      for key in keys where !out.keys.contains(key) {
        report.verdicts[key] = wait(key, for: cause, hasAwaited)
      }
      let disabling = sequence.steps.prefix { $0.what == .disable }
      return disabling.isEmpty ? nil : Plan.Sequence(steps: Array(disabling))
    }
  }

  /// Waits once for the other key, then parks until that one is settled.
  private func wait(_ key: RosterKey, for other: RosterKey, _ hasAwaited: (RosterKey, RosterKey) -> Bool) -> Verdict {
    if !hasAwaited(key, other) { return .waits(for: other) }
    let problem = Problem(
      .group, "key \(key): waits for key \(other), whose groups cannot follow the change of its name yet",
      blocks: other.text)
    return .parked(problem, attempts: 1, retryAfter: nil)
  }

  /// The verdict for a failure; nil: the key is looked at again now.
  private func verdict(of failure: GroupOutcome, _ key: RosterKey, isLast: Bool) throws(EngineError) -> Verdict? {
    switch failure {
    case .done: return .settled
    // Groups are created by hand, and the data of their attributes change unnoticed: retried after a while.
    case .impossible(let problem): return retry(key, problem.concerning(key), most: .max)
    case .trouble(let error): throw error
    case .refused(let step, let error):
      switch verdict(error, step, isLast: isLast) {
      case .verdict(let verdict): return verdict
      case .again: return nil
      case .trouble: throw .directory(error)
      }
    }
  }
}
