public import LDAPModel

/// One key to plan for: the wanted and the current entry.
public struct Subject: Sendable {
  public var key: RosterKey
  public var desired: Desired
  /// The entry that carries the key, from a complete and successful search; nil means that there is none.
  public var current: Entry?
  /// Whether the ledger says that Rollcall disabled this entry.
  public var disabledByUs: Bool
  /// Whether its removal is held: where the plan would remove it, it stays untouched.
  public var removalHeld: Bool
  /// Whether a person has pinned it: nothing is written for it, whatever its row says.
  public var isPinned = false
  /// What may be done to `current` without a person's approval.
  public var acquaintance: Acquaintance
  /// The removal of the entry that a person has released by name.
  public var released: Removal.Action?
  /// Whether the configuration's filter says that `current` is never touched.
  public var isProtected: Bool
  /// The DN before an exchange of names that was interrupted; nil if the entry has no temporary name.
  public var formerName: DistinguishedName?
  /// Whether the entry of a leaver, which is to be deleted now, was changed by others since it was disabled.
  public var isChangedByHand = false
  /// Whether passwords follow the table and the row's is not the one that was written last.
  public var hasNewPassword = false
  /// The names of the groups that the person is to be in; nil: groups were not requested, or stay as they are.
  public var groups: [AttributeValue]?

  public init(
    key: RosterKey, desired: Desired, current: Entry? = nil, disabledByUs: Bool = false,
    removalHeld: Bool = false, acquaintance: Acquaintance = .friend, released: Removal.Action? = nil,
    isProtected: Bool = false, groups: [AttributeValue]? = nil, formerName: DistinguishedName? = nil
  ) {
    self.key = key
    self.desired = desired
    self.current = current
    self.disabledByUs = disabledByUs
    self.removalHeld = removalHeld
    self.acquaintance = acquaintance
    self.released = released
    self.isProtected = isProtected
    self.groups = groups
    self.formerName = formerName
  }
}

/// An entry found at a DN, or with a unique value, that a subject wants.
public struct Occupant: Sendable {
  public var dn: DistinguishedName
  /// Its link value; nil: unlinked, so not managed.
  public var key: RosterKey?
  public var entry: Entry
  /// Whether the configuration's filter says that it is never touched.
  public var isProtected = false
  /// Whether `users.filter` does not match it.
  public var isExcluded = false

  public init(dn: DistinguishedName, key: RosterKey?, entry: Entry) {
    self.dn = dn
    self.key = key
    self.entry = entry
  }

  /// An entry that a search returned; the key is its first link value.
  public init(_ entry: Entry, link: String) {
    self.init(dn: entry.dn, key: entry[link].first?.text.map { RosterKey($0) }, entry: entry)
  }
}
