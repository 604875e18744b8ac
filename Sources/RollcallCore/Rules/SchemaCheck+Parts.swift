import LDAPModel

/// The questions that are asked of single classes and attributes.
extension SchemaCheck {
  func known(_ name: String) -> Bool { schema.attributeType(name) != nil }

  func unknown(_ name: String, _ path: String) -> SchemaComplaint {
    SchemaComplaint(
      .error, path, "the directory's schema knows no attribute \(name)",
      remedy: "correct the name, or load the schema that defines it")
  }

  /// Classes that do not exist, or do not go together in one entry (RFC 4512 section 2.4.2).
  func classes(_ names: [String], _ path: String) -> [SchemaComplaint] {
    var found: [SchemaComplaint] = []
    for (index, name) in names.enumerated() where schema.objectClass(name) == nil {
      found.append(
        SchemaComplaint(
          .error, "\(path)[\(index)]", "the directory's schema knows no object class \(name)",
          remedy: "correct the name, or load the schema that defines it"))
    }
    guard found.isEmpty else { return found }
    let structural = names.compactMap { schema.objectClass($0) }.filter { $0.kind == .structural }
    guard let first = structural.first else {
      return [
        SchemaComplaint(
          .error, path, "none of the classes is structural, and an entry needs one that is",
          remedy: "add one, as inetOrgPerson for people or groupOfNames for groups")
      ]
    }
    // Every class but the most derived one has to be above it.
    let lowest = structural.dropFirst().reduce(first) { low, next in isAbove(low, next) ? next : low }
    if let other = structural.first(where: { $0.oid != lowest.oid && !isAbove($0, lowest) }) {
      found.append(
        SchemaComplaint(
          .error, path,
          "\(other.names.first ?? other.oid) and \(lowest.names.first ?? lowest.oid) are both structural and neither is "
            + "derived from the other, so no entry can be both", remedy: "keep one of them"))
    }
    return found
  }

  private func isAbove(_ upper: ObjectClass, _ lower: ObjectClass) -> Bool {
    schema.withSuperclasses([lower.oid]).contains { $0.oid == upper.oid }
  }

  /// An attribute that cannot be written to entries of these classes, or not with what its expression gives.
  func written(
    _ name: String, _ path: String, by classes: [String], _ classPath: String
  ) -> [SchemaComplaint] {
    guard let type = schema.attributeType(name) else { return [unknown(name, path)] }
    if type.noUserModification {
      return [SchemaComplaint(.error, path, "only the server itself writes \(name)", remedy: "leave it out")]
    }
    var found = single(name, path, isSeveral: arrays.contains(path), "gives an array")
    let areKnown = classes.allSatisfy { schema.objectClass($0) != nil }
    if dialect.classesAreComplete, areKnown, !schema.allows(name, classes: classes) {
      found.append(
        SchemaComplaint(
          .error, path, "none of \(classes.joined(separator: ", ")) allows \(name)",
          remedy: "add a class that does to \(classPath), or choose another attribute"))
    }
    return found
  }

  func single(
    _ name: String, _ path: String, isSeveral: Bool, _ what: String
  ) -> [SchemaComplaint] {
    guard isSeveral, schema.attributeType(name)?.singleValue == true else { return [] }
    return [
      SchemaComplaint(
        .error, path, "\(what), but \(name) takes a single value", remedy: "let the expression choose one")
    ]
  }

  /// An attribute by whose values entries are found.
  func searched(_ name: String, _ path: String) -> [SchemaComplaint] {
    guard known(name), schema.matchingRule(for: name) == .none else { return [] }
    return [
      SchemaComplaint(
        .error, path, "\(name) has no equality rule, so nothing can be found by it", remedy: "choose another attribute")
    ]
  }

  /// Attributes that a class demands and nobody gives.
  func missing(_ classes: [String], _ section: String, given: [String]) -> [SchemaComplaint] {
    let given = Set((given + dialect.providedAttributes + ["objectClass"]).map { schema.canonicalName($0) })
    var reported: Set<String> = []
    return classes.flatMap { name in
      schema.withSuperclasses([name]).flatMap { objectClass in
        objectClass.must.filter { attribute in
          let canonical = schema.canonicalName(attribute)
          return !given.contains(canonical) && reported.insert(canonical).inserted
        }.map { attribute in
          let path = section == "users" ? "users.attributes or users.create_only" : "groups.attributes"
          return SchemaComplaint(
            .error, "\(section).classes", "class \(objectClass.names.first ?? name) demands \(attribute)",
            remedy: "map it in \(path)")
        }
      }
    }
  }
}
