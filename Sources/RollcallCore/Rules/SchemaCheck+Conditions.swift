import LDAPModel

/// Checks of classes that have a condition.
extension SchemaCheck {
  func conditional(_ users: UserRules, given: [String]) -> [SchemaComplaint] {
    let classes = ConditionalClasses(users, schema)
    let every = Set(schema.withSuperclasses(users.classes).map(\.canonicalName))
    let found = users.conditional.compactMap { name -> SchemaComplaint? in
      let path = "users.classes.\(name)"
      guard let known = schema.objectClass(name) else {
        return SchemaComplaint(
          .error, path, "the server knows no class \"\(name)\"", remedy: "correct it, or load its schema")
      }
      if known.kind != .auxiliary {
        return SchemaComplaint(
          .error, path,
          "\(name) is \(known.kind), and only an auxiliary class can be added and removed",
          remedy: "list it without a condition"
        )
      }
      if every.contains(known.canonicalName) {
        return SchemaComplaint(
          .error, path, "every entry has \(name) already through its other classes", remedy: "leave it out")
      }
      if known.canonicalName == "extensibleobject" {
        return SchemaComplaint(
          .error, path, "\(name) allows every attribute, so it is unknown which values to remove with it",
          remedy: "list it without a condition")
      }
      return nil
    }
    if !found.isEmpty { return found }
    return users.conditional.flatMap { missing([$0], "users", of: $0, given: given) } + secrets(users, classes)
      + needed(users, classes)
  }

  /// Values that cannot be read back, so that they could not be removed with their class.
  private func secrets(_ users: UserRules, _ classes: ConditionalClasses) -> [SchemaComplaint] {
    var written = [("attributes", users.attributes), ("create_only", users.createOnly)].flatMap { key, names in
      names.filter(dialect.hides).map { ($0, "users.\(key).\($0)") }
    }
    if users.hasPassword { written.append((passwordAttribute, "users.password")) }
    return complaints(written, classes)
  }

  /// What every entry needs, because it is named, found or disabled by it.
  private func needed(_ users: UserRules, _ classes: ConditionalClasses) -> [SchemaComplaint] {
    complaints(
      [(users.link, "users.link"), (users.naming, "users.naming")]
        + users.disable.map { ($0.name, "users.disable.\($0.name)") }, classes)
  }

  private func complaints(
    _ written: [(name: String, path: String)], _ classes: ConditionalClasses
  ) -> [SchemaComplaint] {
    written.compactMap { name, path in
      guard let place = classes.allowing(name).first else { return nil }
      let owner = classes.members[place].name
      return SchemaComplaint(
        .error, path, "of the classes only \(owner) allows \"\(name)\", and not every entry has it",
        remedy: "list \(owner) without a condition, or choose another attribute")
    }
  }
}
