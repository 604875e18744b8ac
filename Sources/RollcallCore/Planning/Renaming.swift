import LDAPModel

/// What becomes of the values of an old name when an entry gets a new one.
extension Planner {
  /// Whether ModifyDN takes the old name's values out of the entry.
  ///
  /// Only where they are values of the attributes that the new name is made of. Of any other attribute the value may be
  /// the last one that a class demands, or the link; it stays, and the modify that follows takes away what the mapping
  /// does not want.
  func deletesOld(_ old: Entry, _ name: RelativeDistinguishedName) -> Bool {
    let types = Set(name.parts.map { schema.canonicalName($0.type) })
    return old.dn.first?.parts.allSatisfy { types.contains(schema.canonicalName($0.type)) } ?? false
  }

  /// The name to take on the way to `name` where the old value must be gone before the new one comes, because the
  /// attribute takes one value, and another part of the old name has to stay in the entry.
  func nameBetween(_ old: Entry, _ name: RelativeDistinguishedName) -> RelativeDistinguishedName? {
    guard naming.isSingleValued, !deletesOld(old, name), let parts = old.dn.first?.parts,
      parts.contains(where: { schema.canonicalName($0.type) == schema.canonicalName(rules.naming) })
    else { return nil }
    let kept = parts.filter { schema.canonicalName($0.type) != schema.canonicalName(rules.naming) }
    return RelativeDistinguishedName(name.parts + kept)
  }

  /// Whether an entry has the values of a name among its attributes.
  func has(_ name: RelativeDistinguishedName, _ entry: Entry) -> Bool {
    name.parts.allSatisfy { part in
      let rule = AttributeRule(part.type, schema)
      return rule.values(in: entry).contains { rule.matches($0, part.value) }
    }
  }
}
