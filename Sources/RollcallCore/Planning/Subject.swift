public import LDAPModel

/// One key to plan for: what is wanted and what is there.
public struct Subject: Sendable {
  public var key: RosterKey
  public var desired: Desired
  /// The entry that carries the key, read completely and successfully; nil means that there is none.
  public var current: Entry?
  /// Whether the ledger says that Rollcall disabled this entry.
  public var disabledByUs: Bool
  /// Its removal may not happen now: where the plan would remove it, it stays untouched.
  public var removalHeld: Bool
  /// A person has set it aside: nothing is written for it, whatever its row says.
  public var isPinned = false
  /// What may be done to `current` without asking a person first.
  public var acquaintance: Acquaintance
  /// A person has released this removal of the entry, by name.
  public var released: Removal.Action?
  /// The configuration's filter says that `current` is never touched.
  public var isProtected: Bool
  /// Where its entry was before an exchange of names that was cut short; nil where it is at no temporary name.
  public var formerName: DistinguishedName?
  /// The names of the groups that the person is to be in; nil: nobody asks about groups, or they stay as they are.
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
  /// Its link value; nil: unlinked, so not ours.
  public var key: RosterKey?
  public var entry: Entry
  /// The configuration's filter says that it is never touched.
  public var isProtected = false
  /// It is none of the entries that `users.filter` describes.
  public var isExcluded = false

  public init(dn: DistinguishedName, key: RosterKey?, entry: Entry) {
    self.dn = dn
    self.key = key
    self.entry = entry
  }

  /// An entry as a search returned it; the key is its first link value.
  public init(_ entry: Entry, link: String) {
    self.init(dn: entry.dn, key: entry[link].first?.text.map { RosterKey($0) }, entry: entry)
  }
}
