internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Groups are created with their first member and deleted with their last.
extension GroupWriter {
  /// Creates a group with its first members.
  ///
  /// - Returns: outcomes of the changes; nil if another client created it meanwhile.
  func make(
    _ group: GroupName, _ delta: GroupDelta, _ changes: [GroupChange], _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> [GroupOutcome]? {
    guard planner.rules.create else {
      return changes.map { _ in .impossible(planner.missing(group)) }
    }
    let values: [[AttributeValue]]
    switch try await attributes.values(for: group) {
    case .success(let found): values = found
    case .failure(let problem): return changes.map { _ in .impossible(problem) }
    }
    let entry = planner.newGroup(group, members: delta.added, attributes: values)
    let isRemade = registry.wasThere(group)
    // Recorded before the add is sent: otherwise a group that is not known to be ours would stay forever.
    try await registry.note(group, isMade: true, isCompared: !isRemade)
    guard let refusal = try await send(.add(entry.dn, entry.attributes), lane) else {
      others[group] = delta.added.count
      if isRemade { onRemade?(group) }
      let made = Step(key: changes[0].key, operation: .add(entry.dn, entry.attributes), what: .makeGroup)
      return changes.enumerated().map { .done([$0 == 0 ? made : step($1)]) }
    }
    if refusal.code == .entryAlreadyExists {
      if try await finder.existing([group], try reading(lane)).isEmpty {
        let problem = try await taken(entry, refusal, lane)
        return changes.map { _ in .impossible(problem) }
      }
      try await registry.note(group, isMade: false, isCompared: false)
      onRemade?(group)
      return nil
    }
    return changes.map {
      .refused(Step(key: $0.key, operation: .add(entry.dn, []), what: .makeGroup), refusal)
    }
  }

  /// Why a group cannot be created although none exists: another entry has one of its values.
  private func taken(
    _ entry: Entry, _ refusal: LDAPError, _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> Problem {
    var problem = Problem(
      .group,
      "the group \(entry.dn) cannot be created: the server says that it exists, but it does not: \(refusal.summary)",
      code: refusal.code.rawValue)
    guard let facts = link.facts else { return problem }
    let names = facts.dialect.uniqueAttributes.map(\.name)
    let values = names.flatMap { name in
      // Without a value here, the server uses the RDN value as the account name.
      let given = entry[name].isEmpty ? entry.dn.first.map { [$0.parts[0].value] } ?? [] : entry[name]
      return given.map { (name: name, value: $0) }
    }
    let looks = values.map {
      SearchRequest(
        base: facts.suffix(of: planner.rules.base), scope: .subtree, filter: .equal($0.name, $0.value),
        attributes: ["1.1"])
    }
    let found = try await SideBySide.run(looks, try reading(lane), absent: [.noSuchObject], atOnce: 1)
    for ((name, value), holders) in zip(values, found) {
      guard let holder = holders.first else { continue }
      problem.message =
        "the group \(entry.dn) cannot be created: its \(name), \(value.text ?? "(octets)"), belongs to \(holder.dn): "
        + "give the group another name, or set another \(name) in groups.attributes"
    }
    return problem
  }

  /// Handles a class that requires a member when the changes would remove the last one.
  func withoutLast(
    _ changes: [GroupChange], _ group: GroupName, _ delta: GroupDelta, _ lane: DirectoryLink.Lane,
    _ refusal: LDAPError
  ) async throws(EngineError) -> [GroupOutcome] {
    let members = try await finder.members(of: group, try reading(lane)) ?? []
    let leaving = Set(delta.removed.map(planner.identity))
    let staying = members.filter { !leaving.contains(planner.identity(of: $0)) }
    guard staying.isEmpty else { return changes.map { .refused(step($0), refusal) } }
    var outcomes: [GroupOutcome] = changes.map { .done([step($0)]) }
    if planner.rules.empty == .delete, registry.isMade(group) {
      outcomes = changes.map { _ in .done([]) }
      try await drop(group, &outcomes, changes, lane)
      return outcomes
    }
    guard let placeholder = planner.rules.placeholder else {
      let problem = Problem(
        .group,
        "the group \(group.dn) would be left without members, and its class requires one: "
          + "set groups.placeholder, or delete the group", blocks: group.id)
      return changes.map { _ in .impossible(problem) }
    }
    let replaced = GroupDelta(removed: delta.removed, added: [AttributeValue(placeholder.text)])
    guard
      let error = try await send(.modify(group.dn, replaced.modifications(of: planner.rules.member)), lane)
    else { return outcomes }
    return changes.map { .refused(step($0), error) }
  }

  /// Whether a group has lost its last member and is to be deleted.
  func isToGo(_ group: GroupName, _ lane: DirectoryLink.Lane) async throws(EngineError) -> Bool {
    guard planner.rules.empty == .delete, registry.isMade(group) else { return false }
    if planner.demandsMember {
      // Without a placeholder the server itself would have refused to remove the last member.
      guard planner.rules.placeholder != nil else { return false }
      if let count = others[group], count > 0 { return false }
      guard let members = try await finder.members(of: group, try reading(lane)) else { return false }
      let count = members.count { !planner.isPlaceholder($0) }
      others[group] = count
      return count == 0
    }
    return try await finder.isEmpty(group, try reading(lane))
  }

  /// Deletes an empty group; the outcome of the first change reports it.
  func drop(
    _ group: GroupName, _ outcomes: inout [GroupOutcome], _ changes: [GroupChange], _ lane: DirectoryLink.Lane
  ) async throws(EngineError) {
    let step = Step(key: changes[0].key, operation: .delete(group.dn), what: .dropGroup)
    if let refusal = try await send(step.operation, lane), refusal.code != .noSuchObject {
      outcomes[0] = .refused(step, refusal)
      return
    }
    others[group] = nil
    try await registry.forget(group)
    if case .done(let steps) = outcomes[0] { outcomes[0] = .done(steps + [step]) }
  }
}
