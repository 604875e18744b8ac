internal import LDAPModel
internal import RollcallCore

extension GroupRules {
  /// The part of the configuration that the pure code works by.
  init(_ groups: Configuration.Groups) {
    self.init(
      base: groups.base, naming: groups.naming, classes: groups.classes, member: groups.member,
      attributes: groups.attributes.map(\.attribute), create: groups.create,
      empty: EmptyGroupPolicy(rawValue: groups.empty.rawValue) ?? .delete, adopt: groups.adopt,
      placeholder: groups.placeholder)
  }
}

extension Problem {
  /// The same, said of one key.
  func concerning(_ key: RosterKey) -> Problem {
    var problem = self
    problem.message = ("key \(key): \(Wording(message))" as Wording).text
    return problem
  }
}
