public import LDAPModel

/// The groups that a person is to be in, and the name that they hold.
public struct Membership: Sendable, Equatable {
  public var key: RosterKey
  /// The value by which groups refer to the person; nil: the person is to be in no managed group.
  public var name: AttributeValue?
  /// Former names of the person that nobody has now: no managed group is to have them.
  public var former: [AttributeValue]
  /// The groups that the row names; nil: the person's groups stay as they are and only follow its name.
  public var wanted: [GroupName]?

  public init(key: RosterKey, name: AttributeValue?, former: [AttributeValue] = [], wanted: [GroupName]?) {
    self.key = key
    self.name = name
    self.former = former
    self.wanted = wanted
  }
}

/// A managed group that has this value as member now.
public struct FoundMembership: Sendable, Equatable {
  public var group: GroupName
  /// The value in the spelling of the search.
  public var value: AttributeValue

  public init(_ group: GroupName, _ value: AttributeValue) {
    self.group = group
    self.value = value
  }
}

/// The changes of one group for one person.
public struct GroupChange: Sendable, Equatable {
  public var key: RosterKey
  public var group: GroupName
  public var removed: [AttributeValue]
  public var added: [AttributeValue]

  public init(key: RosterKey, group: GroupName, removed: [AttributeValue] = [], added: [AttributeValue] = []) {
    self.key = key
    self.group = group
    self.removed = removed
    self.added = added
  }

  public var what: Step.What {
    switch (removed.isEmpty, added.isEmpty) {
    case (_, true): .leave
    case (true, false): .join
    case (false, false): .follow
    }
  }

  /// The change as a step of its own; it may be sent with others of its group in one modify.
  public func step(member: String) -> Step {
    let delta = GroupDelta(removed: removed, added: added)
    return Step(key: key, operation: .modify(group.dn, delta.modifications(of: member)), what: what)
  }
}
