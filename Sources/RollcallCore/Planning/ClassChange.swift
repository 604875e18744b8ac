import LDAPModel

/// How the classes of an entry change, and what follows for attributes that only these classes allow.
struct ClassChange {
  var added: [AttributeValue] = []
  /// In the entry's spelling.
  var removed: [AttributeValue] = []
  /// A class that cannot go, because of a value that is not Rollcall's and that no other class allows.
  var kept: (name: String, attribute: String)?
  /// Canonical names of attributes that stay as they are because a class stays that should go.
  var untouched: Set<String> = []
  /// Values of `create_only` that come and go with their class.
  var initial: [Modification] = []

  var modifications: [Modification] {
    (removed.isEmpty ? [] : [Modification(.delete, "objectClass", removed)])
      + (added.isEmpty ? [] : [Modification(.add, "objectClass", added)])
  }
}

extension Planner {
  /// Adds missing classes, and removes those whose condition is no longer true; never any other.
  func classChange(_ entry: Entry, _ wanted: Wanted) -> ClassChange {
    var change = ClassChange()
    let current = entry["objectClass"]
    let want = wanted.entry["objectClass"]
    if current == want { return change }
    let have = Set(current.map(className))
    change.added = want.filter { !have.contains(className($0)) }
    guard !conditional.members.isEmpty else { return change }
    initialize(&change, entry, wanted)
    let held = Set(want.map(className))
    let ending = conditional.members.filter { have.contains($0.identity) && !held.contains($0.identity) }
    if !ending.isEmpty { end(ending, of: entry, current, want, &change) }
    return change
  }

  /// Values of `create_only` that only a new class allows are set with it, as they are when an entry is created.
  private func initialize(_ change: inout ClassChange, _ entry: Entry, _ wanted: Wanted) {
    let new = Set(change.added.map(className))
    let own = conditional.members.filter { new.contains($0.identity) }.reduce(into: Set()) { $0.formUnion($1.own) }
    if own.isEmpty { return }
    let first = Entry(wanted.entry.dn, wanted.createOnly)
    for (rule, _) in createOnly where own.contains(rule.canonicalType) && rule.values(in: entry).isEmpty {
      let values = rule.distinct(rule.values(in: first))
      if !values.isEmpty { change.initial.append(Modification(.add, rule.name, values)) }
    }
  }

  private func end(
    _ ending: [ConditionalClasses.Member], of entry: Entry, _ current: [AttributeValue], _ want: [AttributeValue],
    _ change: inout ClassChange
  ) {
    let going = going(with: ending, current, want)
    let staying = current.filter { !going.contains(className($0)) }.compactMap(\.text)
    // What people have written is theirs, and the class that it needs stays with it.
    var kept: Set<AttributeValue> = []
    for rule in foreign where !rule.values(in: entry).isEmpty && !schema.permits(rule.name, classes: staying) {
      for member in ending where member.own.contains(rule.canonicalType) {
        kept.insert(member.identity)
        if change.kept == nil { change.kept = (member.name, rule.name) }
      }
    }
    let leaving = ending.filter { !kept.contains($0.identity) }
    change.untouched = ending.filter { kept.contains($0.identity) }.reduce(into: []) { $0.formUnion($1.own) }
    if leaving.isEmpty { return }
    let gone = kept.isEmpty ? going : self.going(with: leaving, current, want)
    change.removed = current.filter { gone.contains(className($0)) }
    let rest = current.filter { !gone.contains(className($0)) }.compactMap(\.text)
    for (rule, _) in createOnly {
      let values = rule.values(in: entry)
      if values.isEmpty || change.untouched.contains(rule.canonicalType) { continue }
      guard leaving.contains(where: { $0.own.contains(rule.canonicalType) }), !schema.permits(rule.name, classes: rest)
      else { continue }
      change.initial += rule.modifications(from: values, to: [])
    }
  }

  /// These classes, and the auxiliary ones above them that a server has added by itself and nothing else needs.
  private func going(
    with ending: [ConditionalClasses.Member], _ current: [AttributeValue], _ want: [AttributeValue]
  ) -> Set<AttributeValue> {
    let above = schema.withSuperclasses(ending.map(\.name)).filter { $0.kind == .auxiliary }
    let names = Set(above.map { className(AttributeValue($0.canonicalName)) }).union(ending.map(\.identity))
    let others = current.filter { !names.contains(className($0)) } + want
    let needed = Set(
      schema.withSuperclasses(others.compactMap(\.text)).map { className(AttributeValue($0.canonicalName)) })
    return names.subtracting(needed)
  }

  private func className(_ value: AttributeValue) -> AttributeValue { ConditionalClasses.identity(value, schema) }

  /// Why a class stays although its condition is not true; nil if none does.
  ///
  /// An entry that is disabled waits for nobody.
  func lingering(_ change: ClassChange, _ entry: Entry, _ subject: Subject) -> Problem? {
    guard let (name, attribute) = change.kept, case .present = subject.desired else { return nil }
    var problem = Problem(
      .schema,
      "person \(subject.key): class \(name) cannot be removed from \(entry.dn): \(attribute) was set by hand, and only "
        + "this class allows it; remove the value, or make the class's condition true")
    problem.mayPass = true
    return problem
  }

  /// Refuses a new class whose attributes in `create_only` have no values.
  func checkNew(_ classes: [AttributeValue], _ wanted: Wanted, _ key: RosterKey) throws(Problem) {
    let first = Entry(wanted.entry.dn, wanted.createOnly)
    let new = Set(classes.map(className))
    for member in conditional.members where new.contains(member.identity) {
      for (rule, _) in createOnly where member.must.contains(rule.canonicalName) && rule.values(in: first).isEmpty {
        throw Problem.demanded(rule.name, by: member.name, of: key)
      }
    }
  }
}

extension Problem {
  /// A class whose condition is true demands a value that there is not.
  static func demanded(_ attribute: String, by name: String, of key: RosterKey) -> Problem {
    Problem(
      .schema,
      "person \(key): \(attribute) has no value, but class \(name), whose condition is true, demands it")
  }
}
