internal import LDAP
internal import LDAPModel
internal import Reactor
package import RollcallCore
package import RollcallLedger

/// Names of groups that the server takes for one, although they differ here: the group that is there has the name.
extension GroupKeeper {
  /// Gives the groups that rows name the names that they have in the directory.
  ///
  /// - Parameter isRehearsal: nothing is to be written, to the ledger either.
  package func believe(
    _ subjects: inout [Subject], _ lane: DirectoryLink.Lane, isRehearsal: Bool = false
  ) async throws(EngineError) {
    // A plain name may be the same as one that is not.
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

  /// Asks the server what it takes these names for.
  private func learn(
    _ doubtful: Set<AttributeValue>, _ lane: DirectoryLink.Lane, isRehearsal: Bool
  ) async throws(EngineError) {
    let unknown = doubtful.filter { name in
      guard let known = spellings[name] else { return true }
      // A group that is gone gives its name to nobody.
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
  /// Whether servers may disagree on what it is the same as. What is plain ASCII they fold alike.
  var isOpenToFolding: Bool { bytes.contains { $0 >= 0x80 } }
}
