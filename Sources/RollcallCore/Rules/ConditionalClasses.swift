import LDAPModel

/// The auxiliary classes that an entry has while a condition of its row is true, and what only they allow.
struct ConditionalClasses: Sendable {
  struct Member: Sendable {
    let name: String
    /// The class in the form in which its names are compared.
    let identity: AttributeValue
    /// Canonical names of the attributes that this class demands, and of those that it allows and no class without a
    /// condition does.
    let must: Set<String>
    let own: Set<String>
  }

  let members: [Member]
  let schema: Schema

  init(_ rules: UserRules, _ schema: Schema) {
    self.schema = schema
    members = rules.conditional.map { name in
      let must = schema.must(classes: [name])
      let own = must.union(schema.may(classes: [name])).filter { !schema.allows($0, classes: rules.classes) }
      return Member(
        name: name, identity: ConditionalClasses.identity(AttributeValue(name), schema), must: must, own: own)
    }
  }

  static func identity(_ name: AttributeValue, _ schema: Schema) -> AttributeValue {
    MatchingRule.objectIdentifier.normalize(name, schema: schema)
  }

  /// Canonical names of the attributes that entries have only thanks to these classes.
  var attributes: Set<String> { members.reduce(into: []) { $0.formUnion($1.own) } }

  /// The classes that alone allow an attribute; empty: classes without a condition allow it.
  func allowing(_ attribute: String) -> [Int] {
    let name = schema.canonicalName(attribute.attributeType)
    return members.indices.filter { members[$0].own.contains(name) }
  }

  /// The classes that demand an attribute.
  func demanding(_ attribute: String) -> [Int] {
    let name = schema.canonicalName(attribute)
    return members.indices.filter { members[$0].must.contains(name) }
  }
}
