public import LDAPModel

/// Computes the desired state of a row; it does not depend on the contents of the directory.
public struct Projection: Sendable {
  private let rules: UserRules
  private let attributes: [Column]
  /// The form in which each attribute of `create_only` takes a time.
  private let createOnlyForms: [TimeForm?]
  private let objectClass: Attribute
  private let columnCount: Int
  private let containers: [AttributeRule]
  private let conditional: ConditionalClasses
  /// For each attribute of `create_only` the classes with a condition that alone allow it; empty: others do.
  private let createOnlyClasses: [[Int]]
  private let references: [AttributeRule]
  private let takesHashedPasswords: Bool

  /// A mapped attribute and the constraints on its values.
  private struct Column: Sendable {
    let rule: AttributeRule
    let isNaming: Bool
    let isLink: Bool
    /// The class that requires a value; nil if none does.
    let demandedBy: String?
    /// The value that is used if the row has none: the server does not let the attribute be without a value.
    let none: AttributeValue?
    let timeForm: TimeForm?
    /// The classes with a condition that alone allow it; empty: others do.
    let allowing: [Int]
    /// The classes with a condition that demand a value.
    let demanding: [Int]

    /// The row's values in the form that the server takes.
    func formed(_ values: [AttributeValue]) -> [AttributeValue] {
      if values.isEmpty { return none.map { [$0] } ?? [] }
      return timeForm.map { values.map($0.value) } ?? values
    }
  }

  public init(rules: UserRules, schema: Schema, dialect: any Dialect) {
    self.rules = rules
    let naming = schema.canonicalName(rules.naming)
    let link = schema.canonicalName(rules.link)
    let demands = rules.classes.map { ($0, schema.must(classes: [$0])) }
    let none = Dictionary(
      dialect.lastingAttributes.map { (schema.canonicalName($0.key), $0.value) }
    ) { first, _ in first }
    let conditional = ConditionalClasses(rules, schema)
    self.conditional = conditional
    createOnlyClasses = rules.createOnly.map(conditional.allowing)
    let timeForm = { (name: String) in schema.attributeType(name)?.syntax.flatMap(dialect.timeForm) }
    createOnlyForms = rules.createOnly.map(timeForm)
    attributes = rules.attributes.map { name in
      let canonical = schema.canonicalName(name)
      return Column(
        rule: AttributeRule(name, schema), isNaming: canonical == naming, isLink: canonical == link,
        demandedBy: demands.first { $0.1.contains(canonical) }?.0, none: none[canonical] ?? nil,
        timeForm: timeForm(name), allowing: conditional.allowing(name), demanding: conditional.demanding(name))
    }
    objectClass = Attribute("objectClass", rules.classes.map { AttributeValue($0) })
    containers = rules.containers.map { AttributeRule($0, schema) }
    references = rules.references.map { AttributeRule($0, schema) }
    takesHashedPasswords = dialect.takesHashedPasswords
    columnCount =
      rules.attributes.count + rules.createOnly.count + (rules.hasPassword ? 1 : 0) + rules.containers.count
      + rules.references.count + rules.conditional.count
  }

  /// The desired state for `row`; nil: the key has no row.
  public func desired(for row: RosterRow?) -> Desired {
    guard let row, row.inScope else {
      return switch rules.removed {
      case .delete: .absent
      case .disable: .orphanDisabled
      case .keep: .untouched
      }
    }
    if !row.active {
      switch rules.inactive {
      case .delete: return .absent
      case .keep: return .untouched
      case .disable: break
      }
    }
    do {
      let wanted = try wanted(row)
      return row.active ? .present(wanted) : .disabled(wanted)
    } catch {
      return desired(failing: error, active: row.active)
    }
  }

  /// The desired state of a row in scope whose values are unknown because the mapping failed.
  public func desired(failing problem: Problem, active: Bool) -> Desired {
    if active { return .rejected(problem) }
    return switch rules.inactive {
    case .delete: .absent
    case .keep: .untouched
    case .disable: .lockedOut(problem)
    }
  }

  private func wanted(_ row: RosterRow) throws(Problem) -> Wanted {
    guard row.values.count == columnCount else {
      throw Problem(
        .mapping,
        "person \(row.key): the query gave \(row.values.count) columns, the mapping has \(columnCount)")
    }
    let held = heldClasses(row)
    var mapped = [classes(held), Attribute(rules.link, [AttributeValue(row.key)])]
    mapped.reserveCapacity(attributes.count + 2)
    var name: AttributeValue?
    for (column, given) in zip(attributes, row.values) {
      // What only a class allows that the entry does not have is left out.
      if !column.allowing.isEmpty, held.isDisjoint(with: column.allowing) { continue }
      let values = column.rule.distinct(column.formed(given))
      try check(values, column, row.key, held)
      if column.isNaming { name = values.first }
      if !values.isEmpty, !column.isLink { mapped.append(Attribute(column.rule.name, values)) }
    }
    guard let name else {
      throw Problem(
        .nameMissing,
        "person \(row.key) has no value for \(rules.naming), which names the entry: give the row one")
    }
    var rest = row.values[attributes.count...]
    var createOnly: [Attribute] = []
    for (index, (attribute, values)) in zip(rules.createOnly, rest).enumerated() where !values.isEmpty {
      if !createOnlyClasses[index].isEmpty, held.isDisjoint(with: createOnlyClasses[index]) { continue }
      let form = createOnlyForms[index]
      createOnly.append(Attribute(attribute, form.map { values.map($0.value) } ?? values))
    }
    rest = rest.dropFirst(rules.createOnly.count)
    let password = rules.hasPassword ? rest.removeFirst() : []
    guard password.count < 2 else {
      throw Problem(
        .mapping, "person \(row.key): password returns several values; an entry has one first password")
    }
    if let hash = password.first.flatMap(PasswordHash.init),
      let complaint = hash.complaint(takesHashes: takesHashedPasswords)
    {
      throw Problem(.mapping, "person \(row.key): password \(complaint)")
    }
    // Who may not log in is in the place of leavers, whatever the department is.
    let isLeaver = !row.active && rules.leavers != nil
    let place = isLeaver ? rules.leavers ?? rules.base : try container(rest.prefix(containers.count), row.key)
    let dn = place.child(RelativeDistinguishedName(rules.naming, name))
    return Wanted(
      entry: Entry(dn, mapped), createOnly: createOnly, password: password.first,
      references: try references(rest.dropFirst(containers.count), row.key))
  }

  /// The positions of the classes whose conditions are true; their columns are the last ones.
  private func heldClasses(_ row: RosterRow) -> Set<Int> {
    if conditional.members.isEmpty { return [] }
    let flags = row.values.suffix(conditional.members.count)
    return Set(zip(conditional.members.indices, flags).filter { $0.1 == [Projection.isTrue] }.map(\.0))
  }

  private static let isTrue = AttributeValue("TRUE")

  private func classes(_ held: Set<Int>) -> Attribute {
    if held.isEmpty { return objectClass }
    return Attribute(
      objectClass.name, objectClass.values + held.sorted().map { AttributeValue(conditional.members[$0].name) })
  }

  private func check(
    _ values: [AttributeValue], _ column: Column, _ key: RosterKey, _ held: Set<Int>
  ) throws(Problem) {
    let name = column.rule.name
    if column.isNaming, values.count > 1 {
      throw Problem(
        .nameMissing,
        "person \(key) has \(values.count) values for \(name), which names the entry: the mapping must choose one"
      )
    }
    if column.isNaming, let value = values.first, column.rule.normalized(value).bytes.isEmpty {
      throw Problem(
        .nameMissing,
        "person \(key) has a blank value for \(name), which names the entry: give the row one with more than spaces")
    }
    if column.isLink, !values.isEmpty, values != [AttributeValue(key)] {
      throw Problem(.mapping, "person \(key): \(name) carries the key and cannot be mapped to anything else")
    }
    if values.isEmpty, !column.isLink, !column.isNaming, let objectClass = column.demandedBy {
      throw Problem(.schema, "person \(key): \(name) has no value, but class \(objectClass) demands it")
    }
    if values.isEmpty, !column.isLink, let place = column.demanding.first(where: held.contains) {
      throw Problem.demanded(name, by: conditional.members[place].name, of: key)
    }
    if values.count > 1, column.rule.isSingleValued {
      throw Problem(
        .schema, "person \(key): \(name) has \(values.count) values, but the directory's schema allows one")
    }
  }

  /// The people whom the row names by their keys.
  private func references(
    _ columns: ArraySlice<[AttributeValue]>, _ key: RosterKey
  ) throws(Problem) -> [WantedReference] {
    var found: [WantedReference] = []
    for (rule, values) in zip(references, columns) {
      var seen: Set<RosterKey> = []
      let targets = values.compactMap { $0.text.map { RosterKey($0) } }.filter { seen.insert($0).inserted }
      guard targets.count < 2 || !rule.isSingleValued else {
        throw Problem(
          .schema, "person \(key): \(rule.name) names \(targets.count) people, but the directory's schema allows one")
      }
      if !targets.isEmpty { found.append(WantedReference(attribute: rule.name, targets: targets)) }
    }
    return found
  }

  /// The DN above the entry. A level without a value is skipped: the entry lives one level higher.
  private func container(
    _ levels: ArraySlice<[AttributeValue]>, _ key: RosterKey
  ) throws(Problem) -> DistinguishedName {
    var dn = rules.base
    for (type, values) in zip(containers, levels).reversed() {
      guard values.count < 2 else {
        throw Problem(
          .mapping, "person \(key): container \(type.name) has several values; an entry lives in one place")
      }
      if let value = values.first {
        guard !type.normalized(value).bytes.isEmpty else {
          throw Problem(
            .mapping, "person \(key): container \(type.name) is blank: give it a name, or NULL to leave the level out")
        }
        dn = dn.child(RelativeDistinguishedName(type.name, value))
      }
    }
    return dn
  }
}
