public import LDAPModel

/// Plans the operations that turn the current entries into the wanted ones.
///
/// After any prefix of a sequence, a new plan leads to the wanted state.
public final class Planner: Sendable {
  let rules: UserRules
  let schema: Schema
  let dialect: any Dialect
  /// Makes the temporary name of a key's entry.
  let temporaryName: @Sendable (RosterKey) -> TemporaryName
  let protection: Protection
  let link: AttributeRule
  let naming: AttributeRule
  /// The mapped attributes that are compared: without the link, `objectClass` and those that the server hides.
  let attributes: [AttributeRule]
  let uniques: [UniqueRule]
  let createOnly: [(rule: AttributeRule, demandedBy: String?)]
  /// Attributes that are changed by the step that sets a first password.
  let passwordSideEffects: [AttributeRule]
  /// Canonical names of attributes that cannot be removed.
  let lasting: Set<String>
  let conditional: ConditionalClasses
  /// Attributes that only classes with a condition allow and that nothing maps: their values are other people's.
  let foreign: [AttributeRule]
  let lock: ValueLock
  let control: AccountControl?

  /// - Parameters:
  ///   - protection: the entries that are never touched.
  ///   - uniques: mapped attributes whose values the server was found to keep unique.
  ///   - temporaryName: makes the temporary name of a key's entry; random except in tests.
  public init(
    rules: UserRules, schema: Schema, dialect: any Dialect, protection: Protection = Protection(),
    uniques learnt: [String] = [],
    temporaryName: @escaping @Sendable (RosterKey) -> TemporaryName = { _ in .random() }
  ) {
    self.rules = rules
    self.schema = schema
    self.dialect = dialect
    self.protection = protection
    self.temporaryName = temporaryName
    link = AttributeRule(rules.link, schema)
    naming = AttributeRule(rules.naming, schema)
    control = Self.accountControl(rules, dialect, schema)
    let apart = [rules.link, "objectClass", control?.rule.name].compactMap { $0.map(schema.canonicalName) }
    attributes = (rules.attributes + rules.references).filter {
      !apart.contains(schema.canonicalName($0)) && !dialect.hides($0)
    }
    .map { AttributeRule($0, schema) }
    let mapped = Set(rules.attributes.map(schema.canonicalName))
    let demanded = schema.must(classes: rules.classes)
    let own = dialect.uniqueAttributes.filter { mapped.contains(schema.canonicalName($0.name)) }
    let known = Set(own.map { schema.canonicalName($0.name) })
    uniques =
      (own
      + learnt.filter { !known.contains(schema.canonicalName($0)) }.map { name in
        UniqueAttribute(name, demanded.contains(schema.canonicalName(name)) ? .replaced : .removed)
      }).map { UniqueRule(rule: AttributeRule($0.name, schema), vacating: $0.vacating) }
    passwordSideEffects = dialect.passwordSideEffects.map { AttributeRule($0, schema) }
    lasting = Set(dialect.lastingAttributes.keys.map(schema.canonicalName))
    createOnly = rules.createOnly.map { name in
      let demanding = rules.classes.first { schema.must(classes: [$0]).contains(schema.canonicalName(name)) }
      return (AttributeRule(name, schema), demanding)
    }
    conditional = ConditionalClasses(rules, schema)
    let ours = Set((rules.attributes + rules.createOnly).map { schema.canonicalName($0.attributeType) })
    foreign = conditional.attributes.subtracting(ours).filter { !dialect.hides($0) }.sorted()
      .map { AttributeRule(schema.attributeType($0)?.names.first ?? $0, schema) }
    var values = rules.disable
    if values.isEmpty, case .values(let own) = dialect.disabling { values = own }
    lock = ValueLock(values, mapped: mapped, schema)
  }

  /// The same planner, with further mapped attributes that the server keeps unique.
  public func knowing(uniques: [String]) -> Planner {
    Planner(
      rules: rules, schema: schema, dialect: dialect, protection: protection, uniques: uniques,
      temporaryName: temporaryName)
  }

  private static func accountControl(
    _ rules: UserRules, _ dialect: any Dialect, _ schema: Schema
  ) -> AccountControl? {
    guard
      case .modified(let password, let attribute, let normal, let unfinished, let passwordless) =
        dialect.firstPassword
    else { return nil }
    var mask = 0
    if rules.disable.isEmpty, case .bits(let bits) = dialect.disabling { mask = bits }
    return AccountControl(
      rule: AttributeRule(attribute, schema), mask: mask, normal: normal, unfinished: unfinished,
      passwordless: passwordless, password: password)
  }

  /// Attributes to request when entries are read, so that the plan has all that it compares.
  public var requestedAttributes: [String] {
    var seen: Set<String> = []
    let own = conditional.attributes
    let conditional = foreign.map(\.name) + createOnly.map(\.rule).filter { own.contains($0.canonicalType) }.map(\.name)
    let all =
      ["objectClass", rules.link, rules.naming] + attributes.map(\.name) + lock.attributeNames
      + dialect.operationalAttributes + [dialect.identityAttribute] + (dialect.privilegeMark.map { [$0.name] } ?? [])
      + uniques.map(\.rule.name) + conditional.filter { !dialect.hides($0) } + (control.map { [$0.rule.name] } ?? [])
    return all.filter { seen.insert(schema.canonicalName($0)).inserted }
  }

  /// Names and unique values that the subjects want and do not have. Entries found for them are passed to the plan as
  /// occupants; planning without them is safe too, since the server then refuses with entryAlreadyExists.
  public func claims(of subjects: [Subject]) -> [Claim] {
    subjects.flatMap { subject -> [Claim] in
      guard let wanted = subject.desired.wanted else {
        let leaver = subject.desired == .orphanDisabled ? place(ofLeaver: subject) : nil
        return (leaver ?? subject.formerName).map { [.name($0)] } ?? []
      }
      var claims: [Claim] = []
      if subject.current.map({ !isSameName($0.dn, wanted.entry.dn) }) ?? true {
        claims.append(.name(wanted.entry.dn))
      }
      for unique in uniques {
        let have = subject.current.map { unique.rule.values(in: $0) } ?? []
        for value in unique.rule.values(in: wanted.entry)
        where !have.contains(where: { unique.rule.matches($0, value) }) {
          claims.append(.value(attribute: unique.rule.name, value))
        }
      }
      return claims
    }
  }

  /// The operations for these keys; each key is in at most one sequence, or parked, blocked or settled. A parked or
  /// blocked key that is to be disabled has that in a sequence besides.
  /// - Parameters:
  ///   - subjects: each key once.
  ///   - occupants: the entries found for `claims(of:)`.
  public func plan(_ subjects: [Subject], occupants: [Occupant] = []) -> Plan {
    var plan = Plan()
    let (subjects, strangers) = identify(subjects, occupants, &plan)
    let intents = subjects.map { subject in
      subject.isPinned
        ? pinned(subject, &plan)
        : plan.parked[subject.key].map { Intent(subject, .parked($0)) } ?? assess(subject, &plan)
    }
    guard intents.contains(where: \.relocates) else {
      for intent in intents { appendAlone(intent, to: &plan) }
      plan.unsettleWaiting()
      return plan
    }
    // In the order of the keys, so that the winner of a name does not depend on the order of reading.
    arrange(intents.sorted { keyPrecedes($0.subject.key, $1.subject.key) }, strangers, &plan)
    plan.unsettleWaiting()
    return plan
  }
}

/// A name or a value that can belong to one entry only.
public enum Claim: Sendable, Hashable {
  case name(DistinguishedName)
  case value(attribute: String, AttributeValue)
}

extension Desired {
  /// Whether the key has a row in the roster.
  public var hasRow: Bool {
    switch self {
    case .present, .disabled, .rejected, .lockedOut: true
    case .absent, .orphanDisabled, .untouched: false
    }
  }

  /// The entry that the roster wants, if it wants one.
  public var wanted: Wanted? {
    switch self {
    case .present(let wanted), .disabled(let wanted): wanted
    case .absent, .orphanDisabled, .untouched, .rejected, .lockedOut: nil
    }
  }
}
