internal import LDAPModel
internal import RollcallCore
internal import RollcallLedger

/// One person of a batch, as far as groups are concerned.
struct GroupSubject {
  var key: RosterKey
  /// Nil: the groups stay what they are and follow the name.
  var wanted: [GroupName]?
  /// Why one of the groups that the row names cannot be; the others are not concerned.
  var refusal: Problem?
  /// The DN that the person has now, and the one after the batch's operations; nil: no entry.
  var before: DistinguishedName?
  var after: DistinguishedName?
  /// The same as groups carry them.
  var oldName: AttributeValue?
  var newName: AttributeValue?
  /// From the journal: a DN under which groups may know the person since a rename that was not followed to its end.
  var journalled: DistinguishedName?
  var journalledName: AttributeValue?
  /// Whether operations on the entry are planned.
  var hasSteps = false
  /// Whether another key wants the name that this one leaves: then groups must not know it any more by then.
  var isContended = false
  /// The person is gone, or disabled as one who is: it leaves its groups within the budget for people.
  var isGone = false
  /// What groups know of any of the names.
  var found: [FoundMembership] = []

  /// Whether groups will have to know the person by another name than now.
  var isRenamed: Bool { oldName != newName }
}

/// The names by which people of this engine's passes come and go.
///
/// Whoever takes a name that another is leaving would take its memberships too. So who leaves a name that is being
/// taken is taken out of its groups first, and who wants a name that is being left waits.
struct NamesInMotion {
  private var taking: [AttributeValue: RosterKey] = [:]
  private var leaving: [AttributeValue: RosterKey] = [:]

  /// The key that is leaving a name and has not taken its memberships along.
  func leaver(of name: AttributeValue, other key: RosterKey) -> RosterKey? {
    leaving[name].flatMap { $0 == key ? nil : $0 }
  }

  func isWanted(_ name: AttributeValue, byOtherThan key: RosterKey) -> Bool {
    taking[name].map { $0 != key } ?? false
  }

  mutating func take(_ name: AttributeValue, _ key: RosterKey) { taking[name] = key }
  mutating func leave(_ name: AttributeValue, _ key: RosterKey) { leaving[name] = key }

  mutating func ended(taking name: AttributeValue, _ key: RosterKey) {
    if taking[name] == key { taking[name] = nil }
  }

  mutating func ended(leaving name: AttributeValue, _ key: RosterKey) {
    if leaving[name] == key { leaving[name] = nil }
  }
}

/// A batch between the looks at its groups before and after the people's operations.
struct GroupTurn {
  var people: [GroupSubject]
  /// Keys of which the first changes met a rival: they are looked at again.
  var again: [RosterKey]
}

/// What came of the changes for some people.
struct GroupReport {
  var applied: [Step] = []
  /// Changes that were sent, perhaps, and whose answers will not come.
  var unknown: [Step] = []
  /// A side was lost, so the rest was not done.
  var trouble: EngineError?
  /// The first thing that went wrong for a key.
  var failures: [RosterKey: GroupOutcome] = [:]
}
