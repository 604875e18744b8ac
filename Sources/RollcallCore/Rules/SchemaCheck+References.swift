import LDAPModel

/// Checks of the attributes that have the DNs of other people.
extension SchemaCheck {
  func references(_ users: UserRules) -> [SchemaComplaint] {
    users.references.flatMap { name in
      reference(
        name, "users.references.\(name)", users.classes,
        except: users.attributes + users.createOnly + users.disable.map(\.name),
        remedy: "choose an attribute such as manager, or map it in users.attributes")
    }
  }

  func references(_ groups: GroupRules) -> [SchemaComplaint] {
    groups.references.flatMap { name in
      reference(
        name, "groups.references.\(name)", groups.classes, except: groups.attributes + [groups.member, groups.naming],
        remedy: "choose an attribute such as owner or managedBy")
    }
  }

  /// - Parameters:
  ///   - others: attributes whose values come from elsewhere.
  ///   - remedy: what to do about an attribute without DNs.
  private func reference(
    _ name: String, _ path: String, _ classes: [String], except others: [String], remedy: String
  ) -> [SchemaComplaint] {
    // The reference itself is not given: somebody without one has no value.
    var found = written(name, path, by: classes)
    guard let type = schema.attributeType(name), !type.noUserModification else { return found }
    if type.syntax != SchemaCheck.nameSyntax {
      found.append(
        SchemaComplaint(
          .error, path, "\"\(name)\" does not have the DNs of entries (its syntax is \(type.syntax ?? "unknown"))",
          remedy: remedy))
    }
    if let other = others.first(where: { isSame($0, name) }) {
      found.append(
        SchemaComplaint(
          .error, path, "\"\(other)\" is the same attribute, and has another source", remedy: "keep one of them"))
    }
    if let demanding = classes.first(where: { schema.must(classes: [$0]).contains(schema.canonicalName(name)) }) {
      found.append(
        SchemaComplaint(
          .error, path, "class \(demanding) demands \"\(name)\", but who is referred to may have no entry yet",
          remedy: "leave the class out, or choose another attribute"))
    }
    return found
  }

  /// DN (RFC 4517 section 3.3.9).
  private static let nameSyntax = "1.3.6.1.4.1.1466.115.121.1.12"
}
