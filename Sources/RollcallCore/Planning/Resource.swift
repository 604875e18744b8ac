import LDAPModel

/// A mapped attribute whose values are unique in the directory.
struct UniqueRule: Sendable {
  let rule: AttributeRule
  let vacating: UniqueAttribute.Vacating
}

extension Planner {
  /// The resources of an entry that no other entry can have, as text: its normalized DN, and its unique values as
  /// `attribute: value`, which is never a valid DN.
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

  /// The resources of `old` that `new` does not have.
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
