internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
package import RollcallLedger

/// Memberships that rows no longer name have a budget of their own.
extension GroupKeeper {
  /// The managed groups that a person who stays would leave; nil if there are none.
  func leaving(_ person: GroupSubject) -> Removal? {
    guard !person.isGone, let wanted = person.wanted, person.newName != nil, let dn = person.before else { return nil }
    let groups = known(person).subtracting(wanted)
    if groups.isEmpty { return nil }
    return Removal(key: person.key, action: .leave, dn: dn, groups: groups.map(\.id).sorted())
  }

  /// Keeps a person in all current groups; it may join others, and they follow its name.
  func keepGroups(_ person: inout GroupSubject) {
    guard let wanted = person.wanted else { return }
    person.wanted = wanted + known(person).subtracting(wanted)
  }

  /// The groups that have one of the person's own names.
  private func known(_ person: GroupSubject) -> Set<GroupName> {
    let own = Set([person.oldName, person.journalledName].compactMap { $0.map(planner.identity) })
    return Set(person.found.filter { own.contains(planner.identity(of: $0.value)) }.map(\.group))
  }

  /// Removes entries that are about to be deleted from managed groups, although their people stay.
  func forget(_ deletes: [Step], _ lane: DirectoryLink.Lane) async throws(EngineError) -> GroupReport {
    // Other values than names identify the person, not the entry.
    guard planner.carriesNames else { return GroupReport() }
    let members = deletes.compactMap { step in planner.value(of: step.operation.dn).map { (step.key, $0) } }
    let found = try await finder.memberships(of: members.map(\.1), try session(lane))
    let changes = found.filter { registry.manages($0.group) }.flatMap { membership in
      members.filter { $0.1 == membership.value }.map {
        GroupChange(key: $0.0, group: membership.group, removed: [membership.value])
      }
    }
    return await apply(changes, lane)
  }

  /// Counts the memberships in managed groups, up to a limit.
  package func countMembers(upTo limit: Int?, _ lane: DirectoryLink.Lane) async throws(EngineError) -> Int {
    var count = 0
    for group in registry.all {
      let session = try session(lane)
      // Those of a group that the server does not show are left out: the removal budget is smaller for it.
      _ = try await refusable { () throws(EngineError) in
        try await finder.members(of: group, session) { members in
          count += members.count { !self.planner.isPlaceholder($0) }
        }
      }
      if let limit, count >= limit { break }
    }
    return count
  }
}
