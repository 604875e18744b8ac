public import LDAPModel

/// The part of the configuration's `users` section that the pure code needs.
public struct UserRules: Sendable, Equatable {
  /// Entries live below this DN, directly or in containers.
  public var base: DistinguishedName
  /// Type of the RDN's attribute, for instance `uid`; it is one of `attributes`.
  public var naming: String
  /// Type of the attribute that carries the key.
  public var link: String
  /// Object classes that every entry has; they are added, never removed.
  public var classes: [String]
  /// Mapped attribute descriptions in the configuration's order, without `createOnly`.
  public var attributes: [String]
  /// Attribute descriptions that are set only when the entry is created.
  public var createOnly: [String]
  /// Whether the SELECT has a column with the first password.
  public var hasPassword: Bool
  /// Whether that password is written again whenever it changes in the table.
  public var followsPassword: Bool
  /// RDN attribute types of the containers below `base`, nearest to the entry first.
  public var containers: [String]
  /// What happens to a person who may not log in.
  public var inactive: InactivePolicy
  /// What happens to an entry whose row is gone or out of scope.
  public var removed: RemovedPolicy
  /// Values that an entry has while it is disabled; empty means the server's own mechanism.
  public var disable: [Attribute]
  /// Whether an unlinked entry at the wanted DN is taken over.
  public var adopt: Bool
  /// The container in which disabled entries are; nil: they stay in their place.
  public var leavers: DistinguishedName?
  /// Whether disabled entries whose rows are gone are deleted after a while.
  public var deletesLeavers: Bool
  /// Auxiliary classes that an entry has while a condition of its row is true.
  public var conditional: [String]
  /// Attribute descriptions whose values are the DNs of other people.
  public var references: [String]
  /// How unlinked entries elsewhere are taken over; nil: they are not.
  public var adoption: AdoptionRule?

  public init(
    base: DistinguishedName, naming: String, link: String, classes: [String], attributes: [String],
    createOnly: [String] = [], hasPassword: Bool = false, containers: [String] = [],
    inactive: InactivePolicy = .disable, removed: RemovedPolicy = .delete, disable: [Attribute] = [],
    adopt: Bool = false, leavers: DistinguishedName? = nil, deletesLeavers: Bool = false,
    conditional: [String] = [], followsPassword: Bool = false, references: [String] = [],
    adoption: AdoptionRule? = nil
  ) {
    self.base = base
    self.naming = naming
    self.link = link
    self.classes = classes
    self.attributes = attributes
    self.createOnly = createOnly
    self.hasPassword = hasPassword
    self.followsPassword = followsPassword
    self.containers = containers
    self.inactive = inactive
    self.removed = removed
    self.disable = disable
    self.adopt = adopt
    self.leavers = leavers
    self.deletesLeavers = deletesLeavers
    self.conditional = conditional
    self.references = references
    self.adoption = adoption
  }
}

/// `users.inactive`: what happens to the entry of a row whose `active` is not true.
public enum InactivePolicy: String, Sendable, CaseIterable {
  case disable
  case delete
  /// Neither created nor changed.
  case keep
}

/// `users.removed`: what happens to an entry whose key has no row in the roster.
public enum RemovedPolicy: String, Sendable, CaseIterable {
  case delete
  case disable
  /// Untouched.
  case keep
}
