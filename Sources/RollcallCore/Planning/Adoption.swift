public import LDAPModel

/// `users.adopt: { by: uid, below: DN }`: people without an entry take over the unlinked entry that has their value.
public struct AdoptionRule: Sendable, Equatable {
  /// The mapped attribute by which they are found.
  public var by: String
  /// Where they are looked for, beside the wanted place.
  public var below: DistinguishedName

  public init(by: String, below: DistinguishedName) {
    self.by = by
    self.below = below
  }
}

/// Looks for the entries that people take over.
public struct AdoptionSearch: Sendable {
  public let below: DistinguishedName
  /// The attribute, as the configuration spells it.
  public let attribute: String
  private let rule: AttributeRule
  private let link: String
  private let naming: String
  /// The class that an entry has for good: one of another class cannot become the wanted one.
  private let structural: String?
  private let filter: Filter?

  /// Nil if nobody is adopted so.
  ///
  /// - Parameter filter: what every managed entry matches.
  public init?(_ rules: UserRules, _ schema: Schema, filter: Filter?) {
    guard let adoption = rules.adoption else { return nil }
    below = adoption.below
    attribute = adoption.by
    rule = AttributeRule(adoption.by, schema)
    link = rules.link
    naming = rules.naming
    self.filter = filter
    let classes = rules.classes.compactMap { schema.objectClass($0) }.filter { $0.kind == .structural }
    structural = classes.max { one, other in
      schema.withSuperclasses([one.oid]).count < schema.withSuperclasses([other.oid]).count
    }.map { $0.names.first ?? $0.oid }
  }

  /// The filter for the unlinked entries with one of these values; nil if there are none.
  public func filter(_ values: [AttributeValue]) -> Filter? {
    if values.isEmpty { return nil }
    let terms = values.map { Filter.equal(attribute, $0) }
    return unlinked([terms.count == 1 ? terms[0] : .or(terms)])
  }

  /// The filter for all unlinked entries that could be somebody's.
  public var unlinked: Filter { unlinked([]) }

  private func unlinked(_ terms: [Filter]) -> Filter {
    var all = terms + [.not(.present(link))]
    if let structural { all.append(.equal("objectClass", AttributeValue(structural))) }
    if let filter { all.append(filter) }
    return .and(all)
  }

  /// The values by which an entry or a wanted entry is found.
  public func values(of entry: Entry) -> [AttributeValue] { rule.values(in: entry) }

  /// Whether two entries have a value in common, by the directory's matching rule.
  public func share(_ one: Entry, _ other: Entry) -> Bool {
    values(of: one).contains { value in values(of: other).contains { rule.matches(value, $0) } }
  }

  /// Several entries for one person.
  public func ambiguous(_ key: RosterKey, _ entries: [DistinguishedName]) -> Problem {
    problem(
      key,
      "there are several entries without a link that have its \(attribute): "
        + "\(Wording.list(entries.map(\.text).sorted(), separator: " and ")); give all but one of them another, or link "
        + "the right one by hand")
  }

  /// Several people for one entry.
  public func ambiguous(_ key: RosterKey, _ entry: DistinguishedName, others: [RosterKey]) -> Problem {
    let people = others.sorted().map { "person \($0)" }
    return problem(
      key,
      "\(entry) has the \(attribute) of \(Wording.list(people, separator: " and ")) too: give one of them another, or "
        + "link the entry by hand")
  }

  /// It cannot be told whether the entry belongs to one person alone.
  public func undecided(_ key: RosterKey, _ entry: DistinguishedName?, because: String) -> Problem {
    problem(key, "whether \(entry?.text ?? "an entry") is its own cannot be decided: \(because)")
  }

  private func problem(_ key: RosterKey, _ text: Wording) -> Problem {
    var problem = Problem(.nameTaken, "person \(key) should take over an entry by \(attribute), but \(text)")
    problem.mayPass = true
    return problem
  }
}
