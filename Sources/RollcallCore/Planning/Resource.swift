import LDAPModel

/// An attribute whose values are unique in the directory, and which the mapping fills.
struct UniqueRule: Sendable {
  let rule: AttributeRule
  let vacating: UniqueAttribute.Vacating
}

extension Planner {
  /// What only one entry can have, as text: its normalized DN, and `attribute: value` for its unique values,
  /// which is no DN.
  func resources(of entry: Entry?) -> [String] {
    guard let entry else { return [] }
    var result = [entry.dn.normalized(schema)]
    for unique in uniques {
      for value in unique.rule.values(in: entry) {
        let value = unique.rule.normalized(value).text ?? ""
        result.append("\(unique.rule.name.lowercased()): \(value)")
      }
    }
    return result
  }

  /// What `old` had and `new` has not.
  func freed(_ old: Entry, _ new: Entry) -> [String] {
    let kept = resources(of: new)
    return resources(of: old).filter { !kept.contains($0) }
  }

  func isSameName(_ one: DistinguishedName, _ other: DistinguishedName) -> Bool {
    one == other || one.normalized(schema) == other.normalized(schema)
  }

  func hasSameParent(_ one: DistinguishedName, _ other: DistinguishedName) -> Bool {
    guard let one = one.parent, let other = other.parent else { return false }
    return isSameName(one, other)
  }
}
