internal import LDAPModel
internal import RollcallCore

// The settings in the form that the pure code uses.

extension UserRules {
  /// The part of the configuration that the pure code uses.
  package init(_ users: Configuration.Users) {
    self.init(
      base: users.base, naming: users.naming, link: users.link, classes: users.classes,
      attributes: users.attributes.map(\.attribute), createOnly: users.createOnly.map(\.attribute),
      hasPassword: users.password != nil, containers: users.container.map(\.attribute),
      inactive: InactivePolicy(rawValue: users.inactive.rawValue) ?? .disable,
      removed: RemovedPolicy(rawValue: users.removed.rawValue) ?? .delete,
      disable: users.disable.map { Attribute($0.attribute, $0.values.map { AttributeValue($0) }) },
      adopt: users.adopt, leavers: users.leavers, deletesLeavers: users.deleteAfter != nil,
      conditional: users.conditionalClasses.map(\.name), followsPassword: users.followsPassword,
      references: users.references.map(\.attribute),
      adoption: users.adoption.map { AdoptionRule(by: $0.by, below: $0.below ?? users.base) })
  }
}

extension GroupRules {
  /// The part of the configuration that the pure code uses.
  package init(_ groups: Configuration.Groups) {
    self.init(
      base: groups.base, naming: groups.naming, classes: groups.classes, member: groups.member,
      attributes: groups.attributes.map(\.attribute), create: groups.create,
      empty: EmptyGroupPolicy(rawValue: groups.empty.rawValue) ?? .delete, adopt: groups.adopt,
      placeholder: groups.placeholder, references: groups.references.map(\.attribute))
  }
}

extension RemovalPolicy {
  package init(_ removals: Configuration.Removals) {
    self.init(
      most: Double(removals.most.basisPoints) / 100, least: removals.least, within: removals.within)
  }
}
