public import LDAPModel

/// Pinned people: their entries and names stay as they are.
extension Planner {
  /// The intent for a pinned key: nothing is done, whatever its row says.
  func pinned(_ subject: Subject, _ plan: inout Plan) -> Intent {
    plan.parked[subject.key] = nil
    plan.pinned[subject.key] = true
    do throws(Problem) {
      let goal = try self.goal(of: subject)
      if case .rest = goal { plan.pinned[subject.key] = false }
      if let removal = removal(subject, goal) { plan.pinnedRemovals.append(removal) }
    } catch {
      // Problems of the key are reported after it is unpinned.
    }
    return Intent(subject, .rest)
  }
}

extension Problem {
  /// A name or a value belongs to an entry that cannot change while `pinned` is pinned.
  ///
  /// - Parameters:
  ///   - resource: the wanted resource, in the form of ``blocks``.
  ///   - holder: the key that has it: the pinned one, or one that waits for it.
  public static func pinned(
    _ key: RosterKey, wants resource: String, of holder: RosterKey, at dn: DistinguishedName, pinned: RosterKey
  ) -> Problem {
    let rest: Wording = holder == pinned ? "who is pinned" : "who waits for person \(pinned), who is pinned"
    return Problem(
      .pinned, "person \(key) wants \(resource), which person \(holder) (\(dn)) has, \(rest)", blocks: pinned.text)
  }

  /// The key whose unpinning this problem waits for.
  public var awaitedPin: RosterKey? { reason == .pinned ? blocks.map { RosterKey($0) } : nil }
}
