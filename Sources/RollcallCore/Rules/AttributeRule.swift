import LDAPModel

/// One attribute of the mapping, with its definition in the schema, looked up once.
final class AttributeRule: Sendable {
  /// The attribute description, as the configuration spells it.
  let name: String
  let canonicalName: String
  /// The same without options.
  let canonicalType: String
  let rule: MatchingRule
  let isSingleValued: Bool
  private let schema: Schema
  /// Other names of the type: a server may return the attribute under its own name for it.
  private let aliases: [String]

  init(_ name: String, _ schema: Schema) {
    self.name = name
    self.schema = schema
    canonicalName = schema.canonicalName(name)
    canonicalType = schema.canonicalName(name.attributeType)
    rule = schema.matchingRule(for: name)
    let type = schema.attributeType(name)
    isSingleValued = type?.singleValue ?? false
    let base = name.attributeType
    let options = name.dropFirst(base.count)
    aliases = (type?.names ?? []).filter { $0.lowercased() != base.lowercased() }.map { $0 + options }
  }

  /// The attribute's values in an entry.
  func values(in entry: Entry) -> [AttributeValue] {
    let values = entry[name]
    guard values.isEmpty else { return values }
    for alias in aliases {
      let values = entry[alias]
      if !values.isEmpty { return values }
    }
    return []
  }

  /// Whether a server may return a value in another spelling, so that only equivalence tells whether it is present.
  /// Of other attributes people see the spelling, so it is part of the wanted value.
  private var isRespelled: Bool {
    switch rule {
    case .boolean, .integer, .generalizedTime, .distinguishedName, .objectIdentifier, .uuid: true
    case .caseIgnore, .caseExact, .octetString, .telephoneNumber, .numericString, .none: false
    }
  }

  private func identity(_ value: AttributeValue) -> AttributeValue {
    isRespelled ? rule.normalize(value, schema: schema) : value
  }

  /// Whether two values are equal by the matching rule.
  func matches(_ one: AttributeValue, _ other: AttributeValue) -> Bool {
    rule.matches(one, other, schema: schema)
  }

  /// The values by the matching rule, for dictionary keys.
  func normalized(_ value: AttributeValue) -> AttributeValue {
    rule.normalize(value, schema: schema)
  }

  /// The values without those that the directory treats as equal to an earlier one: attributes are sets.
  func distinct(_ values: [AttributeValue]) -> [AttributeValue] {
    guard values.count > 1 else { return values }
    var seen: Set<AttributeValue> = []
    return values.filter { seen.insert(normalized($0)).inserted }
  }

  /// The modifications of one modify that turn `current` into `wanted`.
  ///
  /// Values that were read are deleted individually, so that a stale modify fails with noSuchAttribute instead of
  /// undoing a newer one; only an attribute without an equality rule is replaced.
  func modifications(from current: [AttributeValue], to wanted: [AttributeValue]) -> [Modification] {
    if current == wanted { return [] }
    let have = Set(current.map(identity))
    let want = Set(wanted.map(identity))
    guard have != want else { return [] }
    guard rule != .none else { return [Modification(.replace, name, wanted)] }
    let removed = current.filter { !want.contains(identity($0)) }
    let added = wanted.filter { !have.contains(identity($0)) }
    var result: [Modification] = []
    if !removed.isEmpty { result.append(Modification(.delete, name, removed)) }
    if !added.isEmpty { result.append(Modification(.add, name, added)) }
    return result
  }
}
