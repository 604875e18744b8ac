import LDAPModel

/// What is to happen to one subject, considered alone.
struct Intent {
  enum Goal {
    /// Its entry, if there is one, stays as it is.
    case rest
    case parked(Problem)
    case delete(Entry)
    case create(Wanted)
    case change(Change)
  }

  /// A change of an existing entry.
  struct Change {
    var entry: Entry
    /// Nil: only the lock is considered.
    var wanted: Wanted?
    var lock: LockChange
    /// The changes of one modify if nothing came before it.
    var modifications: [Modification] = []
    /// Whether the RDN, its spelling, or the container changes.
    var renames = false
    /// Whether the name or a unique value changes.
    var relocates = false
    /// Why the entry will not be as wanted although the change succeeds.
    var shortfall: Problem?
  }

  let subject: Subject
  var goal: Goal

  init(_ subject: Subject, _ goal: Goal) {
    self.subject = subject
    self.goal = goal
  }

  /// Whether a name or a unique value gets another owner.
  var relocates: Bool {
    switch goal {
    case .rest, .parked: false
    case .delete, .create: true
    case .change(let change): change.relocates
    }
  }

  /// The existing entry.
  var entry: Entry? {
    switch goal {
    case .rest, .parked, .create: subject.current
    case .delete(let entry): entry
    case .change(let change): change.entry
    }
  }
}

extension Planner {
  /// What to do about one subject, regardless of the others.
  func assess(_ subject: Subject, _ plan: inout Plan) -> Intent {
    do throws(Problem) {
      let goal = restoring(subject, try guarded(subject, try goal(of: subject), &plan), &plan)
      // Disabling does not wait until the row is corrected.
      if case .lockedOut(let problem) = subject.desired { plan.parked[subject.key] = problem }
      if case .change(let change) = goal, let problem = change.shortfall { plan.parked[subject.key] = problem }
      return withinBudget(subject, goal, &plan)
    } catch {
      return Intent(subject, .parked(error))
    }
  }

  /// The goal, unless it is a removal that is held.
  func withinBudget(_ subject: Subject, _ goal: Intent.Goal, _ plan: inout Plan) -> Intent {
    guard subject.removalHeld, let removal = removal(subject, goal) else { return Intent(subject, goal) }
    plan.withheld.append(removal)
    return Intent(subject, restoring(subject, .rest, &plan))
  }

  /// The goal of an entry that an interrupted exchange of names has left at its temporary name, and whose row wants
  /// no name any more: it gets its old name back.
  private func restoring(_ subject: Subject, _ goal: Intent.Goal, _ plan: inout Plan) -> Intent.Goal {
    guard !subject.isProtected, let entry = subject.current, let name = subject.formerName?.first else { return goal }
    var lock = LockChange.leave
    switch goal {
    case .rest: break
    case .parked(let problem): plan.parked[subject.key] = problem
    case .change(let change) where change.wanted == nil: lock = change.lock
    case .delete, .create, .change: return goal
    }
    let operation = Operation.rename(entry.dn, to: name, deleteOld: true, newParent: nil)
    guard let restored = operation.applied(to: entry, schema) else { return goal }
    return .change(
      Intent.Change(entry: entry, wanted: Wanted(entry: restored), lock: lock, renames: true, relocates: true))
  }

  func goal(of subject: Subject) throws(Problem) -> Intent.Goal {
    switch subject.desired {
    case .untouched: return .rest
    case .rejected(let problem): return .parked(problem)
    case .lockedOut(let problem):
      guard let entry = subject.current else { return .parked(problem) }
      try checkReadable(entry, nil, .lock)
      return locking(entry).isEmpty ? .parked(problem) : .change(Intent.Change(entry: entry, wanted: nil, lock: .lock))
    case .absent:
      guard let entry = subject.current, isManaged(entry.dn) else { return .rest }
      return .delete(entry)
    case .orphanDisabled: return try goal(ofLeaver: subject)
    case .present(let wanted), .disabled(let wanted):
      guard let entry = subject.current else {
        try checkNew(wanted, subject.key)
        return .create(wanted)
      }
      return try goal(subject, entry, wanted)
    }
  }

  /// The change that turns an existing entry into the wanted one.
  func goal(_ subject: Subject, _ entry: Entry, _ wanted: Wanted) throws(Problem) -> Intent.Goal {
    var lock: LockChange = subject.disabledByUs ? .unlock : .leave
    if case .disabled = subject.desired { lock = .lock }
    // An account that never got its password, and has none to get, stays disabled.
    if lock == .unlock, wanted.password == nil, control?.isUnfinished(entry) == true { lock = .leave }
    try checkReadable(entry, wanted, lock)
    let modifications = modifications(entry, wanted, lock, subject)
    try checkSize(modifications, entry.dn, subject.key)
    let renames = needsRename(entry, wanted)
    var shortfall: Problem?
    if !conditional.members.isEmpty {
      let classes = classChange(entry, wanted)
      try checkNew(classes.added, wanted, subject.key)
      shortfall = lingering(classes, entry, subject)
    }
    if !renames, modifications.isEmpty, !isUnfinished(entry, wanted, subject), postponed(entry, wanted, lock).isEmpty {
      return shortfall.map { .parked($0) } ?? .rest
    }
    let relocates =
      renames && !isSameName(entry.dn, wanted.entry.dn)
      || uniques.contains { unique in
        unique.rule.distinct(unique.rule.values(in: entry) + unique.rule.values(in: wanted.entry)).count > 1
      }
    return .change(
      Intent.Change(
        entry: entry, wanted: wanted, lock: lock, modifications: modifications, renames: renames,
        relocates: relocates, shortfall: shortfall))
  }

  /// Whether ModifyDN is needed: another name, another container, or the name in another spelling.
  private func needsRename(_ entry: Entry, _ wanted: Wanted) -> Bool {
    if entry.dn == wanted.entry.dn { return false }
    guard isSameName(entry.dn, wanted.entry.dn) else { return true }
    // A server may return a name in its own spelling; the attribute holds the spelling that was written.
    guard let name = wanted.entry.dn.first?.parts.first?.value else { return false }
    return !naming.values(in: entry).contains(name) && entry.dn.first?.parts.first?.value != name
  }

  /// The removal that `goal` is; nil if it is none.
  func removal(_ subject: Subject, _ goal: Intent.Goal) -> Removal? {
    switch goal {
    case .rest, .parked, .create: return nil
    case .delete(let entry): return Removal(key: subject.key, action: .delete, dn: entry.dn)
    case .change(let change):
      guard change.lock == .lock, !subject.disabledByUs, !locking(change.entry).isEmpty else { return nil }
      return Removal(key: subject.key, action: .disable, dn: change.entry.dn)
    }
  }

  /// Whether the ledger's record that Rollcall disabled the entry is obsolete although there is nothing to do: the
  /// entry is gone, or enabled.
  func isDisableStale(_ subject: Subject) -> Bool {
    guard subject.disabledByUs else { return false }
    guard let entry = subject.current else { return true }
    switch subject.desired {
    case .present(let wanted): return wanted.password != nil || control?.isUnfinished(entry) != true
    case .absent, .disabled, .orphanDisabled, .untouched, .rejected, .lockedOut: return false
    }
  }
}
