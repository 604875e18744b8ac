public import LDAPModel

/// What the pure code needs of the configuration's `groups` section.
public struct GroupRules: Sendable, Equatable {
  /// Groups live directly below this.
  public var base: DistinguishedName
  /// Type of the RDN's attribute, for instance `cn`.
  public var naming: String
  /// Object classes of a group that is made.
  public var classes: [String]
  /// The attribute of the members.
  public var member: String
  /// Further attribute descriptions of a group that is made.
  public var attributes: [String]
  /// Whether a group that is named but missing is made.
  public var create: Bool
  /// What becomes of a group when its last member leaves.
  public var empty: EmptyGroupPolicy
  /// Which groups that others made are taken over as soon as a row names them.
  public var adopt: GroupAdoption
  /// A member that stays where the class demands one.
  public var placeholder: DistinguishedName?

  public init(
    base: DistinguishedName, naming: String = "cn", classes: [String] = ["groupOfNames"],
    member: String = "member", attributes: [String] = [], create: Bool = true,
    empty: EmptyGroupPolicy = .delete, adopt: GroupAdoption = .none, placeholder: DistinguishedName? = nil
  ) {
    self.base = base
    self.naming = naming
    self.classes = classes
    self.member = member
    self.attributes = attributes
    self.create = create
    self.empty = empty
    self.adopt = adopt
    self.placeholder = placeholder
  }
}

/// `groups.adopt`: which groups that others made are wanted beforehand.
public enum GroupAdoption: Sendable, Hashable {
  case none
  case all
  /// By the names that rows give them.
  case named([String])
}

/// `groups.empty`: what becomes of a group when its last member leaves.
public enum EmptyGroupPolicy: String, Sendable, CaseIterable {
  /// Only if Rollcall made it.
  case delete
  case keep
}
