public import LDAPModel

/// What a plan may do to a subject's current entry.
public struct Acquaintance: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The ledger knows the entry: Rollcall created it, or a person has released its takeover.
  public static let known = Acquaintance(rawValue: 1)
  /// It may be changed.
  public static let change = Acquaintance(rawValue: 2)
  /// It may be deleted, or disabled for the first time, within the budget.
  public static let removal = Acquaintance(rawValue: 4)

  public static let friend: Acquaintance = [.known, .change, .removal]
}

/// A person or group that Rollcall did not create and would change for the first time.
public struct Takeover: Sendable, Equatable {
  /// The ledger's name for the action.
  public static let action = "takeover"

  /// A key, or the normalized DN of a group.
  public var subject: RosterKey
  public var dn: DistinguishedName
  /// Whether it is a group.
  public var isGroup: Bool

  public init(subject: RosterKey, dn: DistinguishedName, isGroup: Bool = false) {
    self.subject = subject
    self.dn = dn
    self.isGroup = isGroup
  }
}

extension Planner {
  /// The goal, unless the entry that it would change is protected or needs a person's approval first.
  func guarded(
    _ subject: Subject, _ goal: Intent.Goal, _ plan: inout Plan
  ) throws(Problem) -> Intent.Goal {
    let entry: Entry
    switch goal {
    case .rest, .parked: return goal
    case .create(let wanted):
      try checkProtected(wanted.entry.dn, subject)
      return goal
    case .delete(let found): entry = found
    case .change(let change):
      entry = change.entry
      if change.renames, let wanted = change.wanted { try checkProtected(wanted.entry.dn, subject) }
    }
    try checkProtected(entry.dn, subject)
    if subject.isProtected {
      throw Problem.protected(entry.dn, "matches users.protect").concerningPerson(subject.key)
    }
    let removal = removal(subject, goal)
    // A person has taken care of a leaver's entry: only a person has it deleted.
    if subject.isChangedByHand, case .delete = goal, let removal, subject.released != .delete {
      plan.shielded.append(removal)
      return .rest
    }
    if let mark = privilege(of: entry) {
      let isKnown = subject.acquaintance.contains(.known)
      guard isKnown, let removal else {
        throw Problem.privileged(subject.key, entry.dn, mark, isKnown: isKnown)
      }
      guard subject.released == removal.action else {
        plan.shielded.append(removal)
        return .rest
      }
      guard case .change = goal else { return goal }
      return .change(Intent.Change(entry: entry, wanted: nil, lock: .lock))
    }
    guard subject.acquaintance.contains(removal == nil ? .change : .removal) else {
      plan.takeovers.append(Takeover(subject: subject.key, dn: entry.dn))
      return .rest
    }
    return goal
  }

  /// Whether an entry of this name is never touched.
  public func isProtected(_ dn: DistinguishedName) -> Bool {
    protection.reason(for: dn.normalized(schema)) != nil
  }

  private func checkProtected(_ dn: DistinguishedName, _ subject: Subject) throws(Problem) {
    guard let reason = protection.reason(for: dn.normalized(schema)) else { return }
    throw Problem.protected(dn, reason).concerningPerson(subject.key)
  }

  /// The mark of an administrator's account on an entry, as `attribute: value`.
  private func privilege(of entry: Entry) -> String? {
    guard let mark = dialect.privilegeMark else { return nil }
    let isMarked = entry[mark.name].contains { mark.values.contains($0) }
    return isMarked ? "\(mark.name): \(mark.values.first?.text ?? "")" : nil
  }
}

extension Problem {
  /// The same problem, for one key.
  fileprivate func concerningPerson(_ key: RosterKey) -> Problem {
    var problem = self
    problem.message = "person \(key): \(message)"
    return problem
  }
}

extension Plan {
  /// Keys whose entries stay as they are until a decision is made.
  public var waitingKeys: Set<RosterKey> {
    Set(withheld.map(\.key)).union(takeovers.map(\.subject)).union(shielded.map(\.key)).union(pinned.keys)
  }

  /// Removes keys that wait for a decision from the settled ones.
  mutating func unsettleWaiting() {
    if takeovers.isEmpty, shielded.isEmpty { return }
    let waiting = Set(takeovers.map(\.subject)).union(shielded.map(\.key))
    settled.removeAll(where: waiting.contains)
  }
}
