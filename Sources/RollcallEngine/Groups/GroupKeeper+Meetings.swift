internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Groups that a row names for the first time: created, taken over, or held for approval.
extension GroupKeeper {
  nonisolated static let described = "matches users.protect"

  /// The groups that no row has named before.
  struct Newcomers {
    var existing: Set<GroupName> = []
    /// Groups that Rollcall did not create and whose takeover nobody has approved.
    var strangers: Set<GroupName> = []
    /// Groups that are never touched.
    var barred: Set<GroupName> = []
  }

  /// Those of these groups that are named for the first time, without duplicates.
  func newcomers(_ named: [GroupName]) -> [GroupName] {
    var seen: Set<GroupName> = []
    return named.filter { !registry.manages($0) && seen.insert($0).inserted }
  }

  func meet(_ groups: [GroupName], _ session: LDAPSession) async throws(EngineError) -> Newcomers {
    var found = Newcomers()
    if groups.isEmpty { return found }
    found.existing = try await finder.existing(groups, session)
    if let protected { found.barred = try await finder.existing(Array(found.existing), session, matching: protected) }
    found.strangers = found.existing.subtracting(found.barred).filter {
      !planner.isWelcome($0) && !meetings.isReleased(group: $0)
    }
    return found
  }

  /// Manages the groups that rows of the batch name for the first time; people are not added to held ones.
  func manage(_ people: inout [GroupSubject], _ lane: DirectoryLink.Lane) async throws(EngineError) {
    let new = newcomers(people.flatMap { $0.wanted ?? [] })
    if new.isEmpty { return }
    let found = try await meet(new, try session(lane))
    registry.bar(found.barred)
    for index in people.indices { people[index].refuse(found.barred) }
    let ours = new.filter { !found.strangers.contains($0) && !found.barred.contains($0) }
    try await registry.manage(ours.map { ($0, found.existing.contains($0)) })
    try await meetings.unhold(ours.map { RosterKey($0.id) })
    try await meetings.hold(groups: found.strangers)
    for index in people.indices { people[index].wanted?.removeAll(where: found.strangers.contains) }
    let met = found.existing.intersection(ours)
    let known = Set(people.map(\.key))
    let keys = try await collectMembers(Array(met), lane).filter { !known.contains($0) }
    if !met.isEmpty { onMembers?(keys, Array(met)) }
  }

  /// Manages groups whose takeover a person has released.
  ///
  /// - Returns: the groups; everybody concerned by them is to be looked at.
  func takeUpReleased() async throws(EngineError) -> [GroupName] {
    let wanted = meetings.heldGroups.map(planner.group(at:)).filter(planner.isWelcome)
    let groups = (meetings.releasedGroups.map(planner.group(at:)) + wanted).filter(planner.isInReach)
    if groups.isEmpty { return [] }
    let existing = try await finder.existing(groups, try session(.bulk))
    try await registry.manage(groups.map { ($0, existing.contains($0)) })
    try await meetings.unhold(groups.map { RosterKey($0.id) })
    return groups
  }
}

extension GroupSubject {
  /// Leaves out groups that are never touched, and sets the problem.
  mutating func refuse(_ barred: Set<GroupName>) {
    guard let group = wanted?.first(where: barred.contains) else { return }
    wanted?.removeAll(where: barred.contains)
    refusal = refusal ?? Problem.protectedGroup(group, GroupKeeper.described).concerning(key)
  }
}
