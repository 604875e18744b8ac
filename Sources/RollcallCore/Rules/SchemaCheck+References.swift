import LDAPModel

/// Checks of the attributes that have the DNs of other people.
extension SchemaCheck {
  func references(_ users: UserRules) -> [SchemaComplaint] {
    users.references.flatMap { name -> [SchemaComplaint] in
      let path = "users.references.\(name)"
      // The reference itself is not given: somebody without one has no value.
      var found = written(name, path, by: users.classes)
      guard let type = schema.attributeType(name), !type.noUserModification else { return found }
      if type.syntax != SchemaCheck.nameSyntax {
        found.append(
          SchemaComplaint(
            .error, path, "\"\(name)\" does not have the DNs of entries (its syntax is \(type.syntax ?? "unknown"))",
            remedy: "choose an attribute such as manager, or map it in users.attributes"))
      }
      if let other = (users.attributes + users.createOnly + users.disable.map(\.name)).first(where: { isSame($0, name) }
      ) {
        found.append(
          SchemaComplaint(
            .error, path, "\"\(other)\" is the same attribute, and has another source", remedy: "keep one of them"))
      }
      if let demanding = users.classes.first(where: { schema.must(classes: [$0]).contains(schema.canonicalName(name)) })
      {
        found.append(
          SchemaComplaint(
            .error, path, "class \(demanding) demands \"\(name)\", but who is referred to may have no entry yet",
            remedy: "leave the class out, or choose another attribute"))
      }
      return found
    }
  }

  /// DN (RFC 4517 section 3.3.9).
  private static let nameSyntax = "1.3.6.1.4.1.1466.115.121.1.12"
}
