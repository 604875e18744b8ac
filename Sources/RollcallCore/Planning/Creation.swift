import LDAPModel

extension Planner {
  /// Checks a new entry against schema and server, beyond what the projection has checked.
  func checkNew(_ wanted: Wanted, _ key: RosterKey) throws(Problem) {
    let first = Entry(wanted.entry.dn, wanted.createOnly)
    for (rule, demandedBy) in createOnly {
      let values = rule.values(in: first)
      if values.isEmpty, let demandedBy {
        throw Problem(
          .schema, "person \(key): \(rule.name) has no value, but class \(demandedBy) demands it")
      }
      if rule.isSingleValued, rule.distinct(values).count > 1 {
        throw Problem(
          .schema,
          "person \(key): \(rule.name) has \(values.count) values, but the directory's schema allows one")
      }
    }
    try checkNew(wanted.entry["objectClass"], wanted, key)
    try checkSize(
      of: wanted.entry.attributes + wanted.createOnly + (wanted.password.map { [Attribute("", [$0])] } ?? []),
      wanted.entry.dn, key)
  }

  /// The entry as it is added.
  /// - Parameter isDisabled: whether the account is disabled.
  func newEntry(_ wanted: Wanted, isDisabled: Bool) -> Entry {
    var entry = wanted.entry
    for rule in attributes {
      let values = rule.values(in: entry)
      if LookAlikes.areAmong(values) { entry[rule.name] = rule.firstOfLookAlikes(values) }
    }
    for (rule, _) in createOnly {
      let values = rule.distinct(rule.values(in: Entry(wanted.entry.dn, wanted.createOnly)))
      if !values.isEmpty { entry[rule.name] = values }
    }
    if case .added(let attribute) = dialect.firstPassword, let password = wanted.password {
      entry[attribute] = [dialect.encode(password: password)]
    }
    if isDisabled, control.map({ $0.mask == 0 }) ?? true {
      for attribute in lock.attributes { entry[attribute.name] = attribute.values }
    }
    if let control {
      entry[control.rule.name] = [
        AttributeValue(String(firstControl(control, wanted, isDisabled: isDisabled)))
      ]
    }
    return entry
  }

  private func firstControl(_ control: AccountControl, _ wanted: Wanted, isDisabled: Bool) -> Int {
    let mapped = firstValue(of: control, wanted)
    if wanted.password != nil { return (mapped ?? control.normal) | control.unfinished }
    let first = mapped ?? control.passwordless
    return isDisabled ? first | control.mask : first
  }

  /// Whether the entry is added without its password, which is set afterwards.
  func needsFinishing(_ wanted: Wanted) -> Bool {
    control.map { $0.unfinished != 0 && wanted.password != nil } ?? false
  }

  /// Whether a new entry is disabled regardless of its row, because it gets no password.
  func isLeftDisabled(_ wanted: Wanted) -> Bool {
    guard let control, control.mask != 0, wanted.password == nil else { return false }
    return firstValue(of: control, wanted) == nil
  }

  /// The mapping's value for the bits of a new account.
  private func firstValue(of control: AccountControl, _ wanted: Wanted) -> Int? {
    let first = Entry(wanted.entry.dn, wanted.createOnly)
    return control.value(in: control.rule.values(in: wanted.entry)) ?? control.value(in: control.rule.values(in: first))
  }

  /// Restores mapped values that the step which sets the password has changed.
  private func restoring(_ wanted: Wanted) -> [Modification] {
    let first = Entry(wanted.entry.dn, wanted.entry.attributes + wanted.createOnly)
    return passwordSideEffects.compactMap { rule in
      let values = rule.values(in: first)
      return values.isEmpty ? nil : Modification(.replace, rule.name, values)
    }
  }

  /// Sets the first password of an account that was added without one, and then its bits.
  func finishing(
    _ entry: Entry, _ wanted: Wanted, _ subject: Subject, _ change: LockChange
  ) -> [Step] {
    guard let control, let password = wanted.password, control.isUnfinished(entry) else { return [] }
    let mapped = firstValue(of: control, wanted)
    let encoded = dialect.encode(password: password)
    return [
      Step(
        key: subject.key, operation: .modify(entry.dn, [Modification(.replace, control.password, [encoded])]),
        what: .password),
      Step(
        key: subject.key,
        operation: .modify(
          entry.dn,
          control.modifications(entry, mapped: mapped, change, finishing: true) + restoring(wanted)),
        what: change == .lock ? .update : .enable),
    ]
  }
}
