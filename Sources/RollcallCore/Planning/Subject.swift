public import LDAPModel

/// One key to plan for: what is wanted and what is there.
public struct Subject: Sendable {
  public var key: String
  public var desired: Desired
  /// The entry that carries the key, read completely and successfully; nil means that there is none.
  public var current: Entry?
  /// Whether the ledger says that Rollcall disabled this entry.
  public var disabledByUs: Bool
  /// Its removal may not happen now: where the plan would remove it, it stays untouched.
  public var removalHeld: Bool
  /// The names of the groups that the person is to be in; nil: nobody asks about groups, or they stay as they are.
  public var groups: [AttributeValue]?

  public init(
    key: String, desired: Desired, current: Entry? = nil, disabledByUs: Bool = false,
    removalHeld: Bool = false, groups: [AttributeValue]? = nil
  ) {
    self.key = key
    self.desired = desired
    self.current = current
    self.disabledByUs = disabledByUs
    self.removalHeld = removalHeld
    self.groups = groups
  }
}

/// An entry found at a DN, or with a unique value, that a subject wants.
public struct Occupant: Sendable {
  public var dn: DistinguishedName
  /// Its link value; nil: unlinked, so not ours.
  public var key: String?
  public var entry: Entry

  public init(dn: DistinguishedName, key: String?, entry: Entry) {
    self.dn = dn
    self.key = key
    self.entry = entry
  }

  /// An entry as a search returned it; the key is its first link value.
  public init(_ entry: Entry, link: String) {
    self.init(dn: entry.dn, key: entry[link].first?.text, entry: entry)
  }
}
