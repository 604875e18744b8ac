package import LDAPModel
package import Reactor
package import RollcallCore
internal import RollcallLedger

/// The managed groups, and the names that people are giving up; a copy of the ledger in memory.
@Reactor
package final class GroupRegistry {
  private let ledger: Ledger
  private let planner: GroupPlanner
  private var groups: [String: ManagedGroup] = [:] {
    didSet { openNames = nil }
  }
  private var openNames: Bool?
  /// Groups that were missing when a row first named them and have not been created yet.
  private var unmade: Set<String> = []
  /// Old DNs of people that their groups may still have.
  package private(set) var renaming: [RosterKey: DistinguishedName] = [:]

  init(_ ledger: Ledger, _ planner: GroupPlanner) {
    self.ledger = ledger
    self.planner = planner
  }

  func load() async throws(EngineError) {
    var known: [String: ManagedGroup] = [:]
    for group in try await ledger.managedGroups() {
      // The other groups were recorded under a base that is no longer configured.
      let name = planner.group(at: group.dn)
      if planner.isInReach(name), planner.protectionReason(name) == nil { known[name.id] = group }
    }
    groups = known
    renaming = try await ledger.renaming()
  }

  // MARK: Groups

  /// Groups that match the filter of protected groups, as far as they have been seen.
  private(set) var barred: Set<GroupName> = []

  /// Stops managing groups.
  func bar(_ found: Set<GroupName>) {
    barred.formUnion(found)
    for group in found { groups[group.id] = nil }
  }

  /// Whether the server may treat any of the names as equal to another one.
  var hasOpenNames: Bool {
    let known = openNames ?? groups.values.contains { AttributeValue($0.dn.text).isOpenToFolding }
    openNames = known
    return known
  }

  func manages(_ group: GroupName) -> Bool { groups[group.id] != nil }
  func isMade(_ group: GroupName) -> Bool { groups[group.id]?.isMade ?? false }

  /// Whether the group existed before, so that further members may be missing when it is gone.
  func wasThere(_ group: GroupName) -> Bool { groups[group.id] != nil && !unmade.contains(group.id) }

  package var all: [GroupName] { groups.values.map { planner.group(at: $0.dn) } }

  /// Groups whose former members have not been looked at.
  var uncompared: [GroupName] { groups.values.filter { !$0.isCompared }.map { planner.group(at: $0.dn) } }

  /// Starts managing groups that a row has named.
  func manage(_ new: [(group: GroupName, exists: Bool)]) async throws(EngineError) {
    let unknown = new.filter { !manages($0.group) }
    let entries = unknown.map { group, exists in
      (group.id, ManagedGroup(dn: group.dn, isMade: false, isCompared: !exists))
    }
    try await ledger.manage(entries)
    for ((id, entry), (_, exists)) in zip(entries, unknown) where groups[id] == nil {
      groups[id] = entry
      if !exists { unmade.insert(id) }
    }
  }

  /// Records that Rollcall is about to create a group, or did not.
  func note(_ group: GroupName, isMade: Bool, isCompared: Bool) async throws(EngineError) {
    let entry = ManagedGroup(dn: group.dn, isMade: isMade, isCompared: isCompared)
    try await ledger.manage([(group.id, entry)])
    groups[group.id] = entry
    unmade.remove(group.id)
  }

  func noteCompared(_ names: [GroupName]) async throws(EngineError) {
    let entries = names.compactMap { name -> (id: String, group: ManagedGroup)? in
      guard var entry = groups[name.id], !entry.isCompared else { return nil }
      entry.isCompared = true
      return (name.id, entry)
    }
    try await ledger.manage(entries)
    for (id, _) in entries { groups[id]?.isCompared = true }
  }

  func forget(_ group: GroupName) async throws(EngineError) {
    try await ledger.forgetGroup(group.id)
    groups[group.id] = nil
  }

  // MARK: Renames

  func record(_ renames: [(key: RosterKey, old: DistinguishedName)]) async throws(EngineError) {
    try await ledger.recordRenaming(renames)
    for (key, old) in renames { renaming[key] = old }
  }

  func clear(_ keys: [RosterKey]) async throws(EngineError) {
    let known = keys.filter { renaming[$0] != nil }
    try await ledger.clearRenaming(known)
    for key in known { renaming[key] = nil }
  }
}
