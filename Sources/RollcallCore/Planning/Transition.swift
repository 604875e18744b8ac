import LDAPModel

/// The steps of one subject, each planned for the entry as the previous step leaves it.
struct Transition {
  private let planner: Planner
  private let intent: Intent
  private let change: Intent.Change?
  /// The entry as the steps so far leave it.
  private var entry: Entry?
  private var isUntouched = true
  private lazy var temporary = planner.temporaryName(subject.key)

  init(_ planner: Planner, _ intent: Intent) {
    self.planner = planner
    self.intent = intent
    entry = intent.entry
    change = if case .change(let change) = intent.goal { change } else { nil }
  }

  private var subject: Subject { intent.subject }

  private var isDisabled: Bool {
    if case .disabled = subject.desired { true } else { false }
  }

  /// All steps, for a subject that shares no name with another.
  mutating func all() -> [Step] {
    var steps = disabling()
    steps += relocating()
    steps += rest()
    clear(in: &steps)
    return steps
  }

  /// Disabling comes first, so that no later refusal keeps a person logged in.
  mutating func disabling() -> [Step] {
    guard let change, change.lock == .lock, let entry else { return [] }
    let modifications = planner.locking(entry)
    guard !modifications.isEmpty else { return [] }
    var step = modify(entry, modifications, .disable)
    step.journalDisable = !subject.disabledByUs
    return [step]
  }

  /// Takes the wanted name, or gives up the current one.
  mutating func relocating(exchange: Int? = nil) -> [Step] {
    switch intent.goal {
    case .rest, .parked: return []
    case .create(let wanted): return creating(wanted)
    case .delete(let entry):
      return [
        Step(
          key: subject.key, operation: .delete(entry.dn), what: .delete, clearsDisable: subject.disabledByUs,
          frees: planner.resources(of: entry))
      ]
    case .change(let change):
      guard change.renames, let wanted = change.wanted?.entry.dn, let name = wanted.first, let entry,
        entry.dn != wanted
      else { return [] }
      let isMove = !planner.hasSameParent(entry.dn, wanted)
      let newParent = isMove ? wanted.parent : nil
      var steps: [Step] = []
      if let between = planner.nameBetween(entry, name) {
        steps.append(rename(entry, to: between, newParent: nil, .rename, exchange))
      }
      steps.append(rename(self.entry ?? entry, to: name, newParent: newParent, isMove ? .move : .rename, exchange))
      return steps
    }
  }

  /// Takes the wanted unique values in a step of their own, if another subject waits for the current ones.
  mutating func takingValues(exchange: Int?) -> [Step] {
    guard let wanted = change?.wanted else { return [] }
    return uniqueValues(.update, exchange) { unique, _ in unique.rule.values(in: wanted.entry) }
  }

  /// Frees the name and the unique values that other subjects wait for.
  mutating func vacating(exchange: Int) -> [Step] {
    guard let wanted = change?.wanted, let entry else { return [] }
    var steps: [Step] = []
    if !planner.isSameName(entry.dn, wanted.entry.dn) {
      let name = temporary.rdn(naming: planner.rules.naming)
      steps.append(rename(entry, to: name, newParent: nil, .temporaryRename, exchange))
    }
    let temporary = temporary.short
    return steps
      + uniqueValues(.temporaryRename, exchange) { unique, current in
        let wanted = unique.rule.values(in: wanted.entry)
        let isLeft = current.contains { value in !wanted.contains { unique.rule.matches(value, $0) } }
        guard isLeft else { return current }
        return unique.vacating == .replaced ? [temporary] : []
      }
  }

  /// All remaining changes, in one modify, and the steps that follow it.
  func rest() -> [Step] {
    guard let change, let wanted = change.wanted, let entry else { return [] }
    var steps: [Step] = []
    let modifications =
      isUntouched
      ? change.modifications : planner.modifications(entry, wanted, change.lock, subject)
    if !modifications.isEmpty {
      let isAdopted = planner.link.values(in: entry).isEmpty
      steps.append(
        Step(
          key: subject.key, operation: .modify(entry.dn, modifications),
          what: isAdopted
            ? .adopt
            : change.lock == .unlock ? .enable : planner.isPasswordOnly(modifications) ? .password : .update,
          frees: planner.uniques.isEmpty ? [] : planner.freed(entry, wanted.entry)))
    }
    let after = steps.last?.operation.applied(to: entry, planner.schema) ?? entry
    let restored = planner.restoringMapped(wanted, after: steps.last)
    let rest = adding(restored + planner.postponed(after, wanted, change.lock), entry.dn)
    if planner.isUnfinished(entry, wanted, subject) {
      steps += planner.finishing(entry, wanted, subject, change.lock)
    }
    return steps + rest
  }

  /// Marks the last of the subject's steps as the one after which its record of a disable is deleted.
  func clear(in steps: inout [Step]) {
    let isCleared =
      switch intent.goal {
      case .rest, .parked, .delete: false
      case .create(let wanted): !isDisabled && (subject.disabledByUs || planner.needsFinishing(wanted))
      case .change(let change): change.lock == .unlock
      }
    guard isCleared, let last = steps.lastIndex(where: { $0.key == subject.key }) else { return }
    steps[last].clearsDisable = true
  }

  private func creating(_ wanted: Wanted) -> [Step] {
    let new = planner.newEntry(wanted, isDisabled: isDisabled)
    var step = Step(key: subject.key, operation: .add(new.dn, new.attributes), what: .create)
    // An account that never had a password must not be enabled later.
    let isOurs = isDisabled && !planner.isLeftDisabled(wanted) || planner.needsFinishing(wanted)
    step.journalDisable = !subject.disabledByUs && isOurs
    let rest = adding(planner.postponed(new, wanted, isDisabled ? .lock : .leave), new.dn)
    return [step] + planner.finishing(new, wanted, subject, isDisabled ? .lock : .unlock) + rest
  }

  /// One step for each value.
  private func adding(_ modifications: [Modification], _ dn: DistinguishedName) -> [Step] {
    modifications.map { Step(key: subject.key, operation: .modify(dn, [$0]), what: .update) }
  }

  private mutating func rename(
    _ old: Entry, to name: RelativeDistinguishedName, newParent: DistinguishedName?, _ what: Step.What,
    _ exchange: Int?
  ) -> Step {
    let deleteOld = planner.deletesOld(old, name)
    let operation = Operation.rename(old.dn, to: name, deleteOld: deleteOld, newParent: newParent)
    var new = operation.applied(to: old, planner.schema) ?? old
    if deleteOld { new = new.respelled(planner.naming, name.parts.first?.value) }
    entry = new
    isUntouched = false
    var undo: Operation?
    if exchange != nil, let first = old.dn.first {
      undo = .rename(
        new.dn, to: first, deleteOld: !planner.has(name, old), newParent: newParent == nil ? nil : old.dn.parent)
    }
    return Step(
      key: subject.key, operation: operation, what: what, oldDN: old.dn, newDN: new.dn,
      frees: planner.freed(old, new), exchange: exchange, undo: undo)
  }

  private mutating func uniqueValues(
    _ what: Step.What, _ exchange: Int?, _ wanted: (UniqueRule, [AttributeValue]) -> [AttributeValue]
  ) -> [Step] {
    guard let entry else { return [] }
    // ModifyDN changes the naming attribute.
    let uniques = planner.uniques.filter { $0.rule.canonicalName != planner.naming.canonicalName }
    let modifications = uniques.flatMap { unique in
      let current = unique.rule.values(in: entry)
      let wanted = wanted(unique, current)
      if wanted.isEmpty, planner.lasting.contains(unique.rule.canonicalName) { return [Modification]() }
      return unique.rule.modifications(from: current, to: wanted)
    }
    guard !modifications.isEmpty else { return [] }
    var step = modify(entry, modifications, what)
    step.exchange = exchange
    if exchange != nil { step.undo = .modify(entry.dn, modifications.reversed().map(\.inverse)) }
    return [step]
  }

  private mutating func modify(_ old: Entry, _ modifications: [Modification], _ what: Step.What) -> Step {
    let operation = Operation.modify(old.dn, modifications)
    let new = operation.applied(to: old, planner.schema) ?? old
    entry = new
    isUntouched = false
    return Step(
      key: subject.key, operation: operation, what: what,
      frees: planner.uniques.isEmpty ? [] : planner.freed(old, new))
  }
}

extension Modification {
  /// The modification that undoes this one.
  fileprivate var inverse: Modification {
    switch kind {
    case .add: Modification(.delete, attribute, values)
    case .delete: Modification(.add, attribute, values)
    case .replace: self
    }
  }
}

extension Entry {
  /// The entry as the server leaves it: the server writes the new name's spelling into the attribute too.
  fileprivate func respelled(_ rule: AttributeRule, _ value: AttributeValue?) -> Entry {
    var values = rule.values(in: self)
    guard let value, let index = values.firstIndex(where: { rule.matches($0, value) }) else { return self }
    values[index] = value
    var entry = self
    entry[rule.name] = values
    return entry
  }
}
