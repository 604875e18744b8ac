public import LDAPModel

/// Holds the mapping against the directory's schema before anything is written (`rollcall check`).
public struct SchemaReview: Sendable {
  /// Something that the schema says about the mapping.
  public struct Finding: Sendable, Equatable {
    public enum Severity: String, Sendable {
      /// Every entry, or every entry of some rows, would be refused.
      case error
      case warning
    }

    public var severity: Severity
    /// What is wrong and what to do, in one line.
    public var message: String
  }

  private let rules: UserRules
  private let schema: Schema
  private let dialect: any Dialect
  private var findings: [Finding] = []

  /// What is wrong, in the order of the configuration; empty: nothing.
  public static func findings(
    _ rules: UserRules, _ schema: Schema, _ dialect: any Dialect
  ) -> [Finding] {
    var review = SchemaReview(rules: rules, schema: schema, dialect: dialect)
    review.reviewNames()
    review.reviewClasses()
    review.reviewAttributes()
    review.reviewDemands()
    review.reviewDisabling()
    review.reviewContainers()
    return review.findings
  }

  private init(rules: UserRules, schema: Schema, dialect: any Dialect) {
    self.rules = rules
    self.schema = schema
    self.dialect = dialect
  }

  private mutating func report(_ message: String, _ severity: Finding.Severity = .error) {
    findings.append(Finding(severity: severity, message: message))
  }

  private func isSame(_ one: String, _ other: String) -> Bool {
    schema.canonicalName(one) == schema.canonicalName(other)
  }

  private mutating func reviewNames() {
    if !rules.attributes.contains(where: { isSame($0, rules.naming) }) {
      report("naming: \(rules.naming) names the entries, but attributes gives it no value: map it")
    }
    if let naming = dialect.obligatoryNaming, !isSame(naming, rules.naming) {
      report("naming: this server names people by \(naming), not by \(rules.naming): set naming: \(naming)")
    }
    if schema.attributeType(rules.link)?.equality == MatchingRule.none {
      report(
        "link: \(rules.link) has no equality rule, so no entry can be found by it: choose another attribute")
    }
  }

  private mutating func reviewClasses() {
    var known: [ObjectClass] = []
    for name in rules.classes {
      if let found = schema.objectClass(name) {
        known.append(found)
      } else {
        report("classes: the directory knows no class \(name)")
      }
    }
    let structural = known.filter { $0.kind == .structural }
    if structural.isEmpty, known.count == rules.classes.count {
      report("classes: none of \(rules.classes.joined(separator: ", ")) is structural: an entry needs one")
    }
    for (index, one) in structural.enumerated() {
      for other in structural[(index + 1)...] where !isDerived(one, other) && !isDerived(other, one) {
        report(
          "classes: \(one.canonicalName) and \(other.canonicalName) are structural and neither is derived from the "
            + "other, which most servers refuse", .warning)
      }
    }
  }

  private func isDerived(_ one: ObjectClass, _ other: ObjectClass) -> Bool {
    schema.withSuperclasses([one.canonicalName]).contains(other)
  }

  private mutating func reviewAttributes() {
    review(rules.link, "link")
    for name in rules.attributes {
      review(name, "attributes")
      if isSame(name, "objectClass") {
        report("attributes: objectClass cannot be mapped: name the classes in classes")
      } else if dialect.hides(name) {
        report(
          "attributes: \(name) cannot be read back, so it is written when an entry is made and never again: "
            + "use password or create_only", .warning)
      }
      if rules.createOnly.contains(where: { isSame($0, name) }) {
        report("create_only: \(name) is in attributes too: leave it in one of them")
      }
    }
    for name in rules.createOnly { review(name, "create_only") }
  }

  private var areClassesKnown: Bool { rules.classes.allSatisfy { schema.objectClass($0) != nil } }

  private mutating func review(_ name: String, _ place: String) {
    guard let type = schema.attributeType(name) else {
      return report("\(place): the directory knows no attribute \(name)")
    }
    if type.noUserModification {
      report("\(place): only the server writes \(name)")
    } else if areClassesKnown, !schema.allows(name, classes: rules.classes) {
      report(
        "\(place): \(rules.classes.joined(separator: ", ")) does not allow \(name): add a class that does, or choose "
          + "another attribute")
    }
  }

  /// Attributes that the classes demand and nothing gives.
  private mutating func reviewDemands() {
    var given = rules.attributes + rules.createOnly + [rules.link, rules.naming] + dialect.providedAttributes
    if rules.hasPassword, case .added(let attribute) = dialect.firstPassword { given.append(attribute) }
    let names = Set(given.map(schema.canonicalName))
    for name in rules.classes {
      for missing in schema.must(classes: [name]).subtracting(names).sorted() {
        let message =
          "classes: \(name) demands \(missing), which attributes and create_only do not give: map it"
        if !findings.contains(where: { $0.message.contains(" demands \(missing), ") }) { report(message) }
      }
    }
  }

  private mutating func reviewDisabling() {
    for attribute in rules.disable {
      review(attribute.name, "disable")
      if isSame(attribute.name, rules.naming) || isSame(attribute.name, rules.link) {
        report("disable: \(attribute.name) identifies the entry and cannot change with it")
      } else if dialect.hides(attribute.name) {
        report("disable: \(attribute.name) cannot be read back, so nobody could tell who is disabled")
      }
      if attribute.values.count > 1, schema.attributeType(attribute.name)?.singleValue == true {
        report("disable: \(attribute.name) takes one value")
      }
    }
    guard rules.disable.isEmpty, rules.inactive == .disable || rules.removed == .disable,
      case .values(let own) = dialect.disabling
    else { return }
    for attribute in own where schema.attributeType(attribute.name) == nil {
      report(
        "disable: the directory does not know \(attribute.name), its own way to disable an account: load the overlay "
          + "or plugin that provides it (slapd: ppolicy), or set disable")
    }
  }

  private mutating func reviewContainers() {
    for type in rules.containers {
      if schema.attributeType(type) == nil {
        report("container: the directory knows no attribute \(type)")
      } else if dialect.containerClasses(naming: type) == nil {
        report(
          "container: no class is known for a container named by \(type), so a missing one cannot be made",
          .warning)
      }
    }
  }
}
