public import LDAPModel

/// The part of the configuration's `groups` section that the pure code needs.
public struct GroupRules: Sendable, Equatable {
  /// Groups live directly below this DN.
  public var base: DistinguishedName
  /// Type of the RDN's attribute, for instance `cn`.
  public var naming: String
  /// Object classes of a group that Rollcall creates.
  public var classes: [String]
  /// The attribute that lists the members.
  public var member: String
  /// Further attribute descriptions of a group that Rollcall creates.
  public var attributes: [String]
  /// Whether a group that is named but missing is created.
  public var create: Bool
  /// What happens to a group when its last member leaves.
  public var empty: EmptyGroupPolicy
  /// Which groups that Rollcall did not create are taken over as soon as a row names them.
  public var adopt: GroupAdoption
  /// A member that stays in the group if the class requires one.
  public var placeholder: DistinguishedName?
  /// Attribute descriptions that have the DNs of people, whom their expressions name by keys.
  public var references: [String]

  public init(
    base: DistinguishedName, naming: String = "cn", classes: [String] = ["groupOfNames"],
    member: String = "member", attributes: [String] = [], create: Bool = true,
    empty: EmptyGroupPolicy = .delete, adopt: GroupAdoption = .none, placeholder: DistinguishedName? = nil,
    references: [String] = []
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
    self.references = references
  }
}

/// `groups.adopt`: which groups that Rollcall did not create are taken over without approval.
public enum GroupAdoption: Sendable, Hashable {
  case none
  case all
  /// Those with these names, as rows give them.
  case named([String])
}

/// `groups.empty`: what happens to a group when its last member leaves.
public enum EmptyGroupPolicy: String, Sendable, CaseIterable {
  /// Only if Rollcall created it.
  case delete
  case keep
}
