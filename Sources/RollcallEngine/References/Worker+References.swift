internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

extension Worker {
  /// Records whom the people of a pass name, and finds out who names those of them that have another DN by now.
  ///
  /// Where the ledger does not answer nobody settles: the keys are looked at again.
  func endReferences(_ pass: inout Pass) async {
    guard let references else { return }
    var looks: [RosterKey: ReferenceLook] = [:]
    var names: [RosterKey: DistinguishedName?] = [:]
    // Those whose entries had another DN in between, or one that they have no longer.
    var renamed: Set<RosterKey> = []
    for (key, seen) in pass.seen {
      switch pass.report.verdicts[key] {
      // It is looked at again.
      case nil, .waits?: continue
      case .settled?, .parked?, .withheld?, .pinned?: break
      }
      looks[key] = seen.references
      if seen.references.isNews { pass.report.followed.insert(key) }
      var name = seen.name
      for step in pass.report.applied[seen.applied...] where step.key == key {
        name = step.name(after: name)
        if step.newDN != nil || step.what == .delete { renamed.insert(key) }
      }
      names.updateValue(name, forKey: key)
    }
    if looks.isEmpty { return }
    do throws(EngineError) {
      try await references.end(looks)
      let found = try await references.mark(names, renamed: renamed, stateReader.facts.schema)
      pass.report.referrers = found.people
      pass.report.hasMoreReferrers = found.isMore
    } catch {
      pass.report.trouble = pass.report.trouble ?? error
      pass.report.verdicts = [:]
    }
  }
}

extension Step {
  /// The DN of the person's entry after this step.
  fileprivate func name(after name: DistinguishedName?) -> DistinguishedName? {
    switch what {
    case .create: operation.dn
    case .rename, .move, .temporaryRename: newDN ?? name
    case .delete: nil
    // An entry that was taken over has no name before.
    case .update, .disable, .enable, .adopt, .password: operation.dn
    case .removeDuplicate, .join, .leave, .follow, .refer, .makeGroup, .dropGroup, .makeContainer: name
    }
  }
}
