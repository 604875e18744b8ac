public import LDAPModel

/// Compares the configuration with the directory's schema, before anything is written.
public struct SchemaCheck: Sendable {
  let schema: Schema
  let dialect: any Dialect
  /// Paths of the expressions that give arrays: `users.attributes.mail`.
  let arrays: Set<String>

  public init(schema: Schema, dialect: any Dialect, arrays: Set<String> = []) {
    self.schema = schema
    self.dialect = dialect
    self.arrays = arrays
  }

  // MARK: People

  /// Everything that the schema has against the `users` section.
  public func complaints(about users: UserRules) -> [SchemaComplaint] {
    var found = classes(users.classes, "users.classes")
    for (key, names) in [("attributes", users.attributes), ("create_only", users.createOnly)] {
      for name in names {
        found += written(name, "users.\(key).\(name)", by: users.classes, "users.classes")
      }
    }
    found += written(users.link, "users.link", by: users.classes, "users.classes")
    for (name, path) in [(users.link, "users.link"), (users.naming, "users.naming")] { found += searched(name, path) }
    found += naming(users)
    found += missing(
      users.classes, "users", given: users.attributes + users.createOnly + [users.link, users.naming]
        + (users.hasPassword ? [passwordAttribute] : []))
    if users.hasPassword {
      found += written(passwordAttribute, "users.password", by: users.classes, "users.classes")
    }
    return found + disabling(users) + users.containers.flatMap(container)
  }

  private var passwordAttribute: String {
    switch dialect.firstPassword {
    case .added(let attribute): attribute
    case .modified(let attribute, _, _, _, _): attribute
    }
  }

  private func naming(_ users: UserRules) -> [SchemaComplaint] {
    guard let only = dialect.obligatoryNaming, schema.canonicalName(only) != schema.canonicalName(users.naming) else {
      return []
    }
    return [
      SchemaComplaint(
        .error, "users.naming", "this server names people by \(only) only, not by \(users.naming)",
        remedy: "set users.naming: \(only)")
    ]
  }

  private func disabling(_ users: UserRules) -> [SchemaComplaint] {
    guard users.disable.isEmpty else {
      return users.disable.flatMap { attribute -> [SchemaComplaint] in
        let path = "users.disable.\(attribute.name)"
        let several = single(attribute.name, path, isSeveral: attribute.values.count > 1, "has several values")
        return several + written(attribute.name, path, by: users.classes, "users.classes")
      }
    }
    guard users.inactive == .disable || users.removed == .disable, case .values(let own) = dialect.disabling else {
      return []
    }
    return own.filter { schema.attributeType($0.name) == nil }.map {
      SchemaComplaint(
        .error, "users.disable", "this server does not know \($0.name), by which it would disable people",
        remedy: "load what defines it (slapd: the ppolicy overlay), or say in users.disable what a disabled entry has")
    }
  }

  private func container(_ name: String) -> [SchemaComplaint] {
    let path = "users.container.\(name)"
    guard known(name) else { return [unknown(name, path)] }
    var found: [SchemaComplaint] = []
    if arrays.contains(path) {
      found.append(SchemaComplaint(.error, path, "gives an array; an entry lives in one place"))
    }
    let classes = dialect.containerClasses(naming: name)
    if classes?.allSatisfy({ schema.objectClass($0) != nil }) != true {
      found.append(
        SchemaComplaint(
          .warning, path, "a container named by \(name) cannot be made when it is missing",
          remedy: "make the containers by hand, or name them by ou"))
    }
    return found
  }

  // MARK: Groups

  /// Everything that the schema has against the `groups` section.
  /// - Parameter users: whose names the groups carry.
  public func complaints(about groups: GroupRules, users: UserRules) -> [SchemaComplaint] {
    let planner = GroupPlanner(rules: groups, schema: schema)
    var found = classes(groups.classes, "groups.classes")
    for name in groups.attributes {
      found += written(name, "groups.attributes.\(name)", by: groups.classes, "groups.classes")
    }
    found += written(groups.naming, "groups.naming", by: groups.classes, "groups.classes")
    found += written(groups.member, "groups.member", by: groups.classes, "groups.classes")
    found += single(groups.member, "groups.member", isSeveral: true, "has to carry all members")
    found += searched(groups.member, "groups.member")
    found += missing(groups.classes, "groups", given: groups.attributes + [groups.naming, groups.member])
    if planner.demandsMember, groups.empty == .keep, groups.placeholder == nil {
      found.append(
        SchemaComplaint(
          .error, "groups.empty", "an empty group cannot be kept: its class demands \(groups.member)",
          remedy: "set groups.placeholder, or groups.empty: delete"))
    }
    if groups.placeholder != nil, !planner.carriesNames {
      found.append(
        SchemaComplaint(.error, "groups.placeholder", "\(groups.member) does not carry DNs, so no DN can stand in it"))
    }
    if !planner.carriesNames, !users.containers.isEmpty {
      found.append(
        SchemaComplaint(
          .warning, "groups.member",
          "\(groups.member) carries \(users.naming) alone, so people of one name in two containers are one member",
          remedy: "see to it that \(users.naming) is unique"))
    }
    return found
  }
}
