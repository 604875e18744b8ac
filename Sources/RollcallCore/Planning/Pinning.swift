public import LDAPModel

/// People who are set aside by a person: their entries stay as they are, and so do their names.
extension Planner {
  /// What becomes of a key that is pinned: nothing, whatever its row says.
  func pinned(_ subject: Subject, _ plan: inout Plan) -> Intent {
    plan.parked[subject.key] = nil
    plan.pinned[subject.key] = true
    do throws(Problem) {
      let goal = try self.goal(of: subject)
      if case .rest = goal { plan.pinned[subject.key] = false }
      if let removal = removal(subject, goal) { plan.pinnedRemovals.append(removal) }
    } catch {
      // What would be wrong with it is said when it is not pinned any more.
    }
    return Intent(subject, .rest)
  }
}

extension Problem {
  /// A name or a value belongs to an entry that stays as it is while `pinned` is pinned.
  ///
  /// - Parameters:
  ///   - resource: what is wanted, in the form of ``blocks``.
  ///   - holder: who has it: the pinned person, or one who waits for that person.
  public static func pinned(
    _ key: RosterKey, wants resource: String, of holder: RosterKey, at dn: DistinguishedName, pinned: RosterKey
  ) -> Problem {
    let rest: Wording = holder == pinned ? "who is pinned" : "who waits for person \(pinned), who is pinned"
    return Problem(
      .pinned, "person \(key) wants \(resource), which person \(holder) (\(dn)) has, \(rest)", blocks: pinned.text)
  }

  /// Whose unpinning this waits for.
  public var awaitedPin: RosterKey? { reason == .pinned ? blocks.map { RosterKey($0) } : nil }
}
