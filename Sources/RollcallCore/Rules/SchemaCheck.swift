public import LDAPModel

/// Checks the configuration against the directory's schema before anything is written.
public struct SchemaCheck: Sendable {
  let schema: Schema
  let dialect: any Dialect
  /// Paths of the expressions that return arrays: `users.attributes.mail`.
  let arrays: Set<String>
  /// PostgreSQL's types of the expressions, by their paths.
  let expressions: [String: ExpressionType]

  public init(
    schema: Schema, dialect: any Dialect, arrays: Set<String> = [], expressions: [String: ExpressionType] = [:]
  ) {
    self.schema = schema
    self.dialect = dialect
    self.arrays = arrays
    self.expressions = expressions
  }

  // MARK: People

  /// All conflicts between the schema and the `users` section.
  public func complaints(about users: UserRules) -> [SchemaComplaint] {
    var found = classes(users.classes, "users.classes")
    let all = users.classes + users.conditional
    for (key, names) in [("attributes", users.attributes), ("create_only", users.createOnly)] {
      for name in names { found += written(name, "users.\(key).\(name)", by: all) }
    }
    found += written(users.link, "users.link", by: all)
    for (name, path) in [(users.link, "users.link"), (users.naming, "users.naming")] {
      found += searched(name, path)
    }
    found += naming(users) + users.attributes.flatMap(hidden) + references(users)
    found += moments(users) + users.attributes.flatMap(lasting) + passwords(users)
    var given = users.attributes + users.createOnly + [users.link, users.naming]
    if users.hasPassword {
      given.append(passwordAttribute)
      found += written(passwordAttribute, "users.password", by: all)
    }
    found += missing(users.classes, "users", given: given) + conditional(users, given: given)
    if let adoption = users.adoption { found += adopting(adoption, users) }
    return found + users.disable.flatMap { disabling($0, users) } + containers(users)
  }

  var passwordAttribute: String {
    switch dialect.firstPassword {
    case .added(let attribute): attribute
    case .modified(let attribute, _, _, _, _): attribute
    }
  }

  func isSame(_ one: String, _ other: String) -> Bool {
    schema.canonicalName(one) == schema.canonicalName(other)
  }

  private func naming(_ users: UserRules) -> [SchemaComplaint] {
    var found: [SchemaComplaint] = []
    if let mapped = users.attributes.first(where: { isSame($0, users.naming) }) {
      let path = "users.attributes.\(mapped)"
      if arrays.contains(path), schema.attributeType(mapped)?.singleValue != true {
        found.append(
          SchemaComplaint(
            .error, path, "names the entry and takes one value, but the expression returns an array",
            remedy: "let it return one value"))
      }
    } else {
      found.append(
        SchemaComplaint(
          .error, "users.naming", "\"\(users.naming)\" names the entries, but no expression is mapped to it",
          remedy: "map it in users.attributes"))
    }
    if let only = dialect.obligatoryNaming, !isSame(only, users.naming) {
      found.append(
        SchemaComplaint(
          .error, "users.naming", "this server names people by \(only), not by \(users.naming)",
          remedy: "set users.naming: \(only)"))
    }
    return found
  }

  private func hidden(_ name: String) -> [SchemaComplaint] {
    guard dialect.hides(name) else { return [] }
    return [
      SchemaComplaint(
        .warning, "users.attributes.\(name)",
        "\"\(name)\" cannot be read back, so it is written when an entry is made and never again",
        remedy: "use users.password or users.create_only")
    ]
  }

  private func disabling(_ attribute: Attribute, _ users: UserRules) -> [SchemaComplaint] {
    let path = "users.disable.\(attribute.name)"
    var found = single(attribute.name, path, isSeveral: attribute.values.count > 1, "there are several")
    found += written(attribute.name, path, by: users.classes + users.conditional)
    if isSame(attribute.name, users.naming) || isSame(attribute.name, users.link) {
      found.append(
        SchemaComplaint(
          .error, path, "\"\(attribute.name)\" identifies the entry, so it cannot be used to disable an account"))
    } else if dialect.hides(attribute.name) {
      found.append(
        SchemaComplaint(
          .error, path, "\"\(attribute.name)\" cannot be read back, so Rollcall could not tell who is disabled"))
    }
    return found
  }

  private func containers(_ users: UserRules) -> [SchemaComplaint] {
    users.containers.enumerated().flatMap { index, name -> [SchemaComplaint] in
      let path = "users.container[\(index)]"
      guard known(name) else { return [unknown(name, path)] }
      var found: [SchemaComplaint] = []
      if arrays.contains("users.container.\(name)") {
        found.append(
          SchemaComplaint(.error, path, "an entry has one place, but the expression returns an array"))
      }
      return found + unmade(name, path)
    } + leavers(users)
  }

  /// The place of leavers has a fixed name.
  private func leavers(_ users: UserRules) -> [SchemaComplaint] {
    var names: [String] = []
    var level = users.leavers
    while let place = level, place.isBelow(users.base, schema) {
      if let type = place.first?.parts.first?.type, !names.contains(type) { names.append(type) }
      level = place.parent
    }
    return names.flatMap { known($0) ? unmade($0, "users.leavers") : [unknown($0, "users.leavers")] }
  }

  private func unmade(_ name: String, _ path: String) -> [SchemaComplaint] {
    let classes = dialect.containerClasses(naming: name)
    if classes?.allSatisfy({ schema.objectClass($0) != nil }) == true { return [] }
    return [
      SchemaComplaint(
        .warning, path,
        "Rollcall does not know the class of entries named by \(name), so it cannot create a missing one",
        remedy: "use ou, or create the containers by hand")
    ]
  }

  // MARK: Groups

  /// All conflicts between the schema and the `groups` section.
  /// - Parameter users: the rules of the people whose names the groups hold.
  public func complaints(about groups: GroupRules, users: UserRules) -> [SchemaComplaint] {
    let planner = GroupPlanner(rules: groups, schema: schema)
    var found = classes(groups.classes, "groups.classes")
    for name in groups.attributes { found += written(name, "groups.attributes.\(name)", by: groups.classes) }
    found += written(groups.naming, "groups.naming", by: groups.classes) + references(groups)
    found += written(groups.member, "groups.member", by: groups.classes)
    found += single(groups.member, "groups.member", isSeveral: true, "it must hold all members")
    found += searched(groups.member, "groups.member")
    found += missing(groups.classes, "groups", given: groups.attributes + [groups.naming, groups.member])
    if planner.demandsMember, groups.empty == .keep, groups.placeholder == nil {
      found.append(
        SchemaComplaint(
          .error, "groups.empty", "an empty group cannot be kept: its class requires \(groups.member)",
          remedy: "set groups.placeholder, or groups.empty: delete"))
    }
    if groups.placeholder != nil, !planner.carriesNames {
      found.append(
        SchemaComplaint(
          .error, "groups.placeholder", "\"\(groups.member)\" does not hold DNs, so it cannot hold the placeholder"))
    }
    if !planner.carriesNames, !users.containers.isEmpty {
      found.append(
        SchemaComplaint(
          .warning, "groups.member",
          "\"\(groups.member)\" holds only \(users.naming), so two people of the same name in different containers are one member",
          remedy: "make sure that \(users.naming) is unique"))
    }
    return found
  }
}
