public import LDAPModel

/// An attribute of a person that has the DNs of other people, whom the row names by their keys.
public struct WantedReference: Sendable, Equatable {
  /// The attribute description, as the configuration spells it.
  public var attribute: String
  /// The keys of the others, without duplicates, in the row's order.
  public var targets: [RosterKey]
  /// The DNs of their entries, as far as they were looked for and found.
  public var names: [RosterKey: DistinguishedName] = [:]

  /// Those who have no entry.
  public var missing: [RosterKey] { targets.filter { names[$0] == nil } }

  public init(attribute: String, targets: [RosterKey]) {
    self.attribute = attribute
    self.targets = targets
  }
}

extension Desired {
  /// Keys of the people whose DNs the entry is to have; nil: unknown, because the row cannot be read.
  public var targets: Set<RosterKey>? {
    switch self {
    case .present(let wanted), .disabled(let wanted): Set(wanted.references.flatMap(\.targets))
    case .absent, .orphanDisabled, .untouched: []
    case .rejected, .lockedOut: nil
    }
  }

  /// The same with the DNs of the people that it names. Those without a name here have no entry, and are left out.
  public func resolved(_ names: [RosterKey: DistinguishedName]) -> Desired {
    guard var wanted, !wanted.references.isEmpty else { return self }
    for index in wanted.references.indices {
      let targets = wanted.references[index].targets
      let found = targets.compactMap { target in names[target].map { (target, $0) } }
      wanted.references[index].names = Dictionary(found) { first, _ in first }
      wanted.entry[wanted.references[index].attribute] = found.map { AttributeValue($0.1.text) }
    }
    return switch self {
    case .present: .present(wanted)
    case .disabled: .disabled(wanted)
    case .absent, .orphanDisabled, .untouched, .rejected, .lockedOut: self
    }
  }
}

extension Planner {
  /// Canonical names of the attributes that have the DNs of other people.
  var references: Set<String> { Set(rules.references.map(schema.canonicalName)) }

  /// The changes after which an entry has the DNs that it is to have, and no others in these attributes.
  public func references(of entry: Entry, _ wanted: Wanted) -> [Modification] {
    let names = references
    return attributes.filter { names.contains($0.canonicalName) }.flatMap { rule in
      rule.modifications(from: rule.values(in: entry), to: rule.values(in: wanted.entry))
    }
  }

  /// Whether an operation gives an entry the DN of another person.
  public func refers(_ operation: Operation) -> Bool {
    let names = references
    if names.isEmpty { return false }
    return switch operation {
    case .add(_, let attributes): attributes.contains { names.contains(schema.canonicalName($0.name)) }
    case .modify(_, let modifications):
      modifications.contains { $0.kind != .delete && names.contains(schema.canonicalName($0.attribute)) }
    case .rename, .delete: false
    }
  }
}
