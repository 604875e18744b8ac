internal import LDAPModel
internal import RollcallCore
internal import RollcallLedger

/// One person of a batch, as far as groups are concerned.
struct GroupSubject {
  var key: RosterKey
  /// Nil: the groups stay as they are and follow the name.
  var wanted: [GroupName]?
  /// Why one of the groups that the row names is impossible; the others are not affected.
  var refusal: Problem?
  /// The current DN of the person, and the one after the batch's operations; nil: no entry.
  var before: DistinguishedName?
  var after: DistinguishedName?
  /// The same in the form that groups hold.
  var oldName: AttributeValue?
  var newName: AttributeValue?
  /// From the journal: a DN that groups may still have since a rename that they have not completely followed.
  var journalled: DistinguishedName?
  var journalledName: AttributeValue?
  /// Whether operations on the entry are planned.
  var hasSteps = false
  /// Whether another key wants the name that this one gives up: groups must no longer have it by then.
  var isContended = false
  /// The person is gone, or disabled like one that is gone: leaving its groups counts in the budget for people.
  var isGone = false
  /// The memberships found for any of the names.
  var found: [FoundMembership] = []

  /// Whether the name that groups hold will change.
  var isRenamed: Bool { oldName != newName }
}

/// The names that people in this engine's passes take and give up.
///
/// A person who takes a name that another is giving up would inherit its memberships. So a person who gives up a
/// wanted name is first removed from its groups, and a person who wants a name that is being given up waits.
struct NamesInMotion {
  private var taking: [AttributeValue: RosterKey] = [:]
  private var leaving: [AttributeValue: RosterKey] = [:]

  /// The key that is giving up a name and whose memberships have not followed yet.
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

/// A batch between the two phases of its group changes, before and after the operations on people.
struct GroupTurn {
  var people: [GroupSubject]
  /// Keys whose first changes met a conflict: they are looked at again.
  var again: [RosterKey]
}

/// The result of the changes for some people.
struct GroupReport {
  var applied: [Step] = []
  /// Changes that may have been sent and will not be answered.
  var unknown: [Step] = []
  /// The error if a side was lost; the rest was not done.
  var trouble: EngineError?
  /// The first failure of each key.
  var failures: [RosterKey: GroupOutcome] = [:]
}
