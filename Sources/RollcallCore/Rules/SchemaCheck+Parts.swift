import LDAPModel

/// Checks of single classes and attributes.
extension SchemaCheck {
  func known(_ name: String) -> Bool { schema.attributeType(name) != nil }

  func unknown(_ name: String, _ path: String) -> SchemaComplaint {
    SchemaComplaint(
      .error, path, "the server knows no attribute \"\(name)\"", remedy: "correct it, or load its schema")
  }

  /// Classes that do not exist, or cannot be combined in one entry (RFC 4512 section 2.4.2).
  func classes(_ names: [String], _ path: String) -> [SchemaComplaint] {
    let unknown = names.filter { schema.objectClass($0) == nil }
    guard unknown.isEmpty else {
      return unknown.map {
        SchemaComplaint(
          .error, path, "the server knows no class \"\($0)\"", remedy: "correct it, or load its schema")
      }
    }
    let structural = names.compactMap { schema.objectClass($0) }.filter { $0.kind == .structural }
    guard let first = structural.first else {
      return [
        SchemaComplaint(
          .error, path, "none of the classes is structural, and an entry needs one",
          remedy: "add one, as inetOrgPerson for people or groupOfNames for groups")
      ]
    }
    // The most derived class must be a subclass of every other one.
    let lowest = structural.dropFirst().reduce(first) { low, next in isAbove(low, next) ? next : low }
    guard let other = structural.first(where: { !isAbove($0, lowest) }) else { return [] }
    return [
      SchemaComplaint(
        .warning, path,
        "\(other.names.first ?? other.oid) and \(lowest.names.first ?? lowest.oid) are structural and neither is derived "
          + "from the other, which most servers refuse", remedy: "keep one of them")
    ]
  }

  private func isAbove(_ upper: ObjectClass, _ lower: ObjectClass) -> Bool {
    schema.withSuperclasses([lower.oid]).contains { $0.oid == upper.oid }
  }

  /// An attribute that entries of these classes cannot have, or not with the values of its expression.
  func written(_ name: String, _ path: String, by classes: [String]) -> [SchemaComplaint] {
    guard let type = schema.attributeType(name) else { return [unknown(name, path)] }
    if type.noUserModification {
      return [SchemaComplaint(.error, path, "only the server itself writes \"\(name)\"")]
    }
    var found = single(name, path, isSeveral: arrays.contains(path), "the expression returns an array")
    let areKnown = classes.allSatisfy { schema.objectClass($0) != nil }
    if dialect.classesAreComplete, areKnown, !schema.allows(name, classes: classes) {
      found.append(
        SchemaComplaint(
          .error, path, "none of the classes \(classes.joined(separator: ", ")) allows \"\(name)\"",
          remedy: "add one that does"))
    }
    return found
  }

  func single(_ name: String, _ path: String, isSeveral: Bool, _ but: String) -> [SchemaComplaint] {
    guard isSeveral, schema.attributeType(name)?.singleValue == true else { return [] }
    return [SchemaComplaint(.error, path, "\"\(name)\" takes one value, but \(but)")]
  }

  /// An attribute that is used to search for entries.
  func searched(_ name: String, _ path: String) -> [SchemaComplaint] {
    guard known(name), schema.matchingRule(for: name) == .none else { return [] }
    return [
      SchemaComplaint(
        .error, path, "\"\(name)\" has no equality rule, so entries cannot be found by it",
        remedy: "choose another attribute")
    ]
  }

  /// Attributes that a class requires and nothing provides.
  ///
  /// - Parameter one: the class, if it is one that has a place of its own.
  func missing(_ classes: [String], _ section: String, of one: String? = nil, given: [String]) -> [SchemaComplaint] {
    let given = Set((given + dialect.providedAttributes + ["objectClass"]).map { schema.canonicalName($0) })
    var names: [String] = []
    for objectClass in schema.withSuperclasses(classes) {
      for attribute in objectClass.must
      where !given.contains(schema.canonicalName(attribute)) && !names.contains(attribute) {
        names.append(attribute)
      }
    }
    if names.isEmpty { return [] }
    return [
      SchemaComplaint(
        .error, one.map { "\(section).classes.\($0)" } ?? "\(section).classes",
        "\(one == nil ? "the classes demand" : "the class demands") \(names.sorted().joined(separator: ", ")), "
          + "which nothing maps",
        remedy: "map \(names.count == 1 ? "it" : "them") in \(section).attributes")
    ]
  }

  /// The attribute by which people find their entries.
  func adopting(_ adoption: AdoptionRule, _ users: UserRules) -> [SchemaComplaint] {
    let path = "users.adopt.by"
    if isSame(adoption.by, users.link) {
      return [
        SchemaComplaint(
          .error, path, "\"\(adoption.by)\" is the link, which an entry to be taken over does not have",
          remedy: "choose another attribute, as \(users.naming)")
      ]
    }
    if dialect.hides(adoption.by) {
      return [
        SchemaComplaint(
          .error, path, "\"\(adoption.by)\" cannot be read back, so entries cannot be found by it",
          remedy: "choose another attribute, as \(users.naming)")
      ]
    }
    return searched(adoption.by, path)
  }
}
