internal import LDAP
internal import LDAPModel
internal import Reactor
package import RollcallCore
package import RollcallLedger

/// Names of groups that the server treats as equal although they differ here: the existing group has the name.
extension GroupKeeper {
  /// Replaces the groups' names in rows by the names that the groups have in the directory.
  ///
  /// - Parameter isRehearsal: whether nothing may be written, not even to the ledger.
  package func believe(
    _ subjects: inout [Subject], _ lane: DirectoryLink.Lane, isRehearsal: Bool = false
  ) async throws(EngineError) {
    // An ASCII name may be equal to one that is not.
    let all = registry.hasOpenNames
    let doubtful = Set(subjects.flatMap { $0.groups ?? [] }.filter { all || $0.isOpenToFolding })
    if doubtful.isEmpty { return }
    try await learn(doubtful, lane, isRehearsal: isRehearsal)
    for index in subjects.indices {
      subjects[index].groups = subjects[index].groups.map { names in names.map { spellings[$0] ?? $0 } }
    }
  }

  /// Those of these spellings that name one of the groups, for this side or for the server.
  func spellings(
    of groups: [GroupName], among names: [AttributeValue], _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> [AttributeValue] {
    try await learn(Set(names.filter(\.isOpenToFolding)), lane, isRehearsal: false)
    return names.filter { groups.contains(planner.group(named: spellings[$0] ?? $0)) }
  }

  /// Asks the server which group each of these names refers to.
  private func learn(
    _ doubtful: Set<AttributeValue>, _ lane: DirectoryLink.Lane, isRehearsal: Bool
  ) async throws(EngineError) {
    let unknown = doubtful.filter { name in
      guard let known = spellings[name] else { return true }
      // The name of a deleted group no longer stands for another one.
      return known != name && !registry.manages(planner.group(named: known))
    }
    let looks = unknown.map {
      SearchRequest(
        base: planner.group(named: $0).dn, scope: .base, filter: .present("objectClass"), attributes: ["1.1"])
    }
    let found = try await SideBySide.run(
      looks, try session(lane), absent: [.noSuchObject, .invalidDNSyntax, .encodingError], atOnce: 32)
    for (name, entries) in zip(unknown, found) {
      spellings[name] = nil
      guard let there = entries.first?.dn.first?.parts.first?.value else { continue }
      let own = planner.group(named: name)
      let isOwn = planner.group(named: there) == own
      spellings[name] = isOwn ? name : there
      if !isOwn, !isRehearsal, registry.manages(own) { try await registry.forget(own) }
    }
  }
}

extension AttributeValue {
  /// Whether servers may disagree about which names are equal to it. They all fold ASCII in the same way.
  var isOpenToFolding: Bool { bytes.contains { $0 >= 0x80 } }
}
