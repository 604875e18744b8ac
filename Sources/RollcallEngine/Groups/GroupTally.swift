internal import LDAP
internal import LDAPModel
internal import Reactor
package import RollcallCore
internal import RollcallLedger

/// The members of managed groups, in sixteen bytes per member, however many groups there are.
///
/// For each member the hashes of its groups are added up: a person is in step if the groups that its row names have
/// the same sum. Swift seeds its hashes anew in each process, so two sets that collide do not do so twice.
package struct GroupTally {
  private let planner: GroupPlanner
  private var sums: [UInt64: UInt64] = [:]
  private var groups: [GroupName: UInt64]
  /// Groups that Rollcall created and that have no members left.
  package private(set) var empty: [GroupName] = []
  /// Number of memberships, without placeholders.
  private(set) var count = 0

  /// The groups' names in the directory, by their names in rows.
  private let spellings: [AttributeValue: AttributeValue]

  init(_ planner: GroupPlanner, _ groups: [GroupName], spellings: [AttributeValue: AttributeValue] = [:]) {
    self.planner = planner
    self.spellings = spellings
    self.groups = Dictionary(groups.map { ($0, GroupTally.hash($0.id)) }) { first, _ in first }
  }

  private static func hash(_ value: some Hashable) -> UInt64 {
    UInt64(bitPattern: Int64(value.hashValue))
  }

  mutating func add(_ members: [AttributeValue], of group: GroupName) {
    guard let hash = groups[group] else { return }
    count += members.count { !planner.isPlaceholder($0) }
    for member in members { sums[GroupTally.hash(planner.identity(of: member)), default: 0] &+= hash }
  }

  /// Removes a group that could not be read.
  mutating func forget(_ group: GroupName) { groups[group] = nil }

  mutating func noteEmpty(_ group: GroupName) { empty.append(group) }

  /// Whether the person is in exactly the groups that the row names; also true if groups do not concern it.
  func isInStep(_ subject: Subject) -> Bool {
    guard let names = subject.groups else { return true }
    let name = subject.current.flatMap { planner.value(of: $0.dn) }
    let actual = name.map { sums[GroupTally.hash(planner.identity(of: $0))] ?? 0 } ?? 0
    let (wanted, refusal) = planner.groups(named: names.map { spellings[$0] ?? $0 })
    guard refusal == nil else { return false }
    var sum: UInt64 = 0
    for group in wanted {
      guard let hash = groups[group] else { return false }
      sum &+= hash
    }
    return sum == actual
  }
}

extension GroupKeeper {
  /// Reads all managed groups, one after the other, and large ones in ranges if the server returns ranges.
  func tally() async throws(EngineError) -> GroupTally {
    let groups = registry.all
    var tally = GroupTally(planner, groups, spellings: spellings)
    for group in groups {
      var count = 0
      let session = try link.session(.reading)
      // For a group that the server does not show, nobody who is to be in it is in step: each gets the reason.
      let read = try await refusable { () throws(EngineError) in
        try await finder.members(of: group, session) { members in
          tally.add(members, of: group)
          count += members.count { !planner.isPlaceholder($0) }
        }
      }
      guard case .success(let exists) = read else {
        tally.forget(group)
        continue
      }
      if exists, count == 0, planner.rules.empty == .delete, registry.isMade(group) { tally.noteEmpty(group) }
    }
    return tally
  }
}
