import LDAPModel

extension Planner {
  /// Plans subjects whose names conflict with each other's or with other entries.
  func arrange(_ intents: [Intent], _ strangers: [Occupant], _ plan: inout Plan) {
    let keys = Set(intents.map(\.subject.key))
    var contention = Contention(intents.map(party), strangers: strangers.map { stranger($0, keys) })
    contention.resolve()
    var moving: [Int: Intent] = [:]
    for (index, party) in contention.parties.enumerated() {
      switch party.status {
      case .resting: appendAlone(intents[index], to: &plan)
      case .parked(let problem):
        plan.parked[party.key] = problem
        appendLock(intents[index], to: &plan)
      case .blocked(let blocker):
        plan.blocked[party.key] = blocker
        appendLock(intents[index], to: &plan)
      case .moving:
        let intent = adopting(intents[index], party.adopted.map { strangers[$0] }, &plan)
        switch intent.goal {
        case .rest, .parked: appendAlone(intent, to: &plan)
        case .delete, .create, .change: moving[index] = intent
        }
      }
    }
    for group in MoveOrder.groups(of: moving, contention) {
      appendTogether(group.map { (moving[$0] ?? intents[$0], contention.parties[$0]) }, to: &plan)
    }
  }

  private func party(_ intent: Intent) -> Contention.Party {
    let holds = resources(of: intent.entry)
    var wants = holds
    var status = Contention.Status.resting
    var mayAdopt = false
    switch intent.goal {
    case .rest: break
    case .parked(let problem): status = .parked(problem)
    case .delete: (wants, status) = ([], .moving)
    case .create(let wanted): (wants, status, mayAdopt) = (resources(of: wanted.entry), .moving, rules.adopt)
    case .change(let change):
      guard change.relocates, let wanted = change.wanted else { break }
      (wants, status) = (resources(of: wanted.entry), .moving)
    }
    let dn = intent.entry?.dn ?? intent.subject.desired.wanted?.entry.dn ?? rules.base
    return Contention.Party(
      key: intent.subject.key, dn: dn, holds: holds, wants: wants, status: status, mayAdopt: mayAdopt,
      isPinned: intent.subject.isPinned)
  }

  /// - Parameter keys: the subjects' keys; further entries of theirs may not be moved.
  private func stranger(_ occupant: Occupant, _ keys: Set<RosterKey>) -> Contention.Stranger {
    let key = occupant.key.flatMap { keys.contains($0) || !isManaged(occupant.dn) ? nil : $0 }
    return Contention.Stranger(
      entry: occupant.entry, key: key, isLinked: !link.values(in: occupant.entry).isEmpty,
      holds: resources(of: occupant.entry))
  }

  /// Turns a creation into a change of the unlinked entry that has the name.
  private func adopting(_ intent: Intent, _ occupant: Occupant?, _ plan: inout Plan) -> Intent {
    guard let occupant, case .create(let wanted) = intent.goal else { return intent }
    if occupant.isExcluded {
      return Intent(intent.subject, .parked(.excluded(intent.subject.key, occupant.dn)))
    }
    do throws(Problem) {
      // The configuration asks for the adoption, so no further approval is needed.
      var subject = intent.subject
      subject.acquaintance = [.change, .removal]
      subject.isProtected = occupant.isProtected
      let goal = try guarded(subject, try goal(subject, occupant.entry, wanted), &plan)
      plan.adopted[subject.key] = occupant.entry
      if case .change(let change) = goal, let problem = change.shortfall { plan.parked[subject.key] = problem }
      return withinBudget(subject, goal, &plan)
    } catch {
      return Intent(intent.subject, .parked(error))
    }
  }

  /// Plans the disabling of a parked subject at once: a name conflict must not keep anybody logged in.
  private func appendLock(_ intent: Intent, to plan: inout Plan) {
    var transition = Transition(self, intent)
    let steps = transition.disabling()
    if steps.isEmpty { return }
    if let removal = removal(intent.subject, intent.goal) { plan.removals.append(removal) }
    plan.sequences.append(Plan.Sequence(steps: steps))
  }

  /// A subject that shares no name with another.
  func appendAlone(_ intent: Intent, to plan: inout Plan) {
    switch intent.goal {
    case .parked(let problem): plan.parked[intent.subject.key] = problem
    case .rest where intent.subject.isPinned: break
    case .rest:
      plan.settled.append(intent.subject.key)
      if isDisableStale(intent.subject) { plan.staleDisables.append(intent.subject.key) }
    case .delete, .create, .change:
      if let removal = removal(intent.subject, intent.goal) { plan.removals.append(removal) }
      var transition = Transition(self, intent)
      plan.sequences.append(Plan.Sequence(steps: transition.all()))
    }
  }

  private func appendTogether(_ group: [(intent: Intent, party: Contention.Party)], to plan: inout Plan) {
    if group.count == 1 { return appendAlone(group[0].intent, to: &plan) }
    for (intent, _) in group {
      if let removal = removal(intent.subject, intent.goal) { plan.removals.append(removal) }
    }
    var moveOrder = MoveOrder(self, group)
    plan.sequences.append(Plan.Sequence(steps: moveOrder.steps()))
  }
}
