import LDAPModel

/// A directory that refuses what a server refuses: taken names, missing entries, stale values, values that
/// must be unique, and attributes that a class demands.
struct SimulatedDirectory {
  private(set) var entries: [String: Entry] = [:]
  let schema: Schema
  /// Attributes whose values only one entry can have.
  let uniques: [String]
  private(set) var writes = 0

  init(_ entries: [Entry] = [], _ schema: Schema, uniques: [String] = []) {
    self.schema = schema
    self.uniques = uniques
    for entry in entries { self.entries[entry.dn.normalized(schema)] = entry }
  }

  var all: [Entry] { entries.values.sorted { $0.dn.text < $1.dn.text } }

  func entry(_ dn: DistinguishedName) -> Entry? { entries[dn.normalized(schema)] }

  func entries(where attribute: String, is value: AttributeValue) -> [Entry] {
    let rule = schema.matchingRule(for: attribute)
    return all.filter { $0[attribute].contains { rule.matches($0, value, schema: schema) } }
  }

  mutating func apply(_ operation: Operation) throws(ResultCode) {
    let old = operation.dn.normalized(schema)
    var after = try operation.performed(on: entries[old], schema)
    if case .rename(_, let name, let deleteOld, _) = operation, deleteOld, let part = name.parts.first {
      after?.respell(part, schema)
    }
    if let after {
      let new = after.dn.normalized(schema)
      if new != old, entries[new] != nil { throw .entryAlreadyExists }
      try check(after, old)
    }
    entries[old] = nil
    if let after { entries[after.dn.normalized(schema)] = after }
    writes += 1
  }

  private func check(_ entry: Entry, _ old: String) throws(ResultCode) {
    let classes = entry["objectClass"].compactMap(\.text)
    for attribute in schema.must(classes: classes) where entry[attribute].isEmpty {
      throw .objectClassViolation
    }
    for attribute in uniques {
      for value in entry[attribute] {
        let others = entries(where: attribute, is: value)
        guard others.allSatisfy({ $0.dn.normalized(schema) == old }) else { throw .constraintViolation }
      }
    }
  }
}

extension Entry {
  /// slapd writes the spelling of a new name into the attribute as well.
  fileprivate mutating func respell(_ part: RelativeDistinguishedName.Part, _ schema: Schema) {
    let rule = schema.matchingRule(for: part.type)
    self[part.type] = self[part.type].map { rule.matches($0, part.value, schema: schema) ? part.value : $0 }
  }
}
