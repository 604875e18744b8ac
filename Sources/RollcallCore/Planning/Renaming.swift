import LDAPModel

/// The values of the old name when an entry is renamed.
extension Planner {
  /// Whether ModifyDN deletes the old name's values from the entry.
  ///
  /// It does so only if the new name is made of the same attributes. A value of any other attribute may be the last
  /// one that a class requires, or the link; it stays, and the modify that follows deletes what the mapping does not
  /// want.
  func deletesOld(_ old: Entry, _ name: RelativeDistinguishedName) -> Bool {
    let types = Set(name.parts.map { schema.canonicalName($0.type) })
    return old.dn.first?.parts.allSatisfy { types.contains(schema.canonicalName($0.type)) } ?? false
  }

  /// An intermediate name on the way to `name`, if the old value must be deleted before the new one is added, because
  /// the attribute is single-valued, and another part of the old name has to stay in the entry.
  func nameBetween(_ old: Entry, _ name: RelativeDistinguishedName) -> RelativeDistinguishedName? {
    guard naming.isSingleValued, !deletesOld(old, name), let parts = old.dn.first?.parts,
      parts.contains(where: { schema.canonicalName($0.type) == schema.canonicalName(rules.naming) })
    else { return nil }
    let kept = parts.filter { schema.canonicalName($0.type) != schema.canonicalName(rules.naming) }
    return RelativeDistinguishedName(name.parts + kept)
  }

  /// Whether the attributes of an entry include the values of a name.
  func has(_ name: RelativeDistinguishedName, _ entry: Entry) -> Bool {
    name.parts.allSatisfy { part in
      let rule = AttributeRule(part.type, schema)
      return rule.values(in: entry).contains { rule.matches($0, part.value) }
    }
  }
}
