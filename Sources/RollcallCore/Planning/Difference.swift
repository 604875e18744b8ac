public import LDAPModel

extension Planner {
  /// The modifications that disable the entry; empty if it is already disabled.
  public func locking(_ entry: Entry) -> [Modification] {
    guard let control, control.mask != 0 else { return lock.locking(entry) }
    return control.modifications(entry, mapped: nil, .lock)
  }

  /// All changes of one modify after which `entry` has the values of `wanted`, except for the name.
  func modifications(
    _ entry: Entry, _ wanted: Wanted, _ change: LockChange, _ subject: Subject
  ) -> [Modification] {
    let classes = classChange(entry, wanted)
    var result = classes.modifications
    result += link.modifications(from: link.values(in: entry), to: [AttributeValue(subject.key)])
    for rule in attributes {
      let instead = change == .lock ? lock.values(instead: rule) : nil
      if classes.untouched.contains(rule.canonicalType) { continue }
      let current = rule.values(in: entry)
      let values = instead ?? rule.firstOfLookAlikes(rule.values(in: wanted.entry), current: current)
      // The server would refuse to remove the last value, and with it the whole modify.
      if values.isEmpty, lasting.contains(rule.canonicalName) { continue }
      result += rule.modifications(from: current, to: values)
    }
    result += classes.initial
    result += newPassword(entry, wanted, subject)
    if let control {
      // The password is set first; the bits are set with it.
      if !isUnfinished(entry, wanted, subject) {
        let mapped = control.value(in: control.rule.values(in: wanted.entry))
        result += control.modifications(entry, mapped: mapped, change)
      }
      guard control.mask == 0 else { return result }
    }
    switch change {
    case .lock: result += lock.locking(entry).filter { !isCompared($0.attribute) }
    case .unlock: result += lock.unlocking(entry, createOnly: wanted.createOnly)
    case .leave: break
    }
    return result
  }

  private func isCompared(_ attribute: String) -> Bool {
    attributes.contains { $0.name.lowercased() == attribute.lowercased() }
  }

  /// Whether the account has a first password that is still to be set.
  func isUnfinished(_ entry: Entry, _ wanted: Wanted, _ subject: Subject) -> Bool {
    subject.disabledByUs && wanted.password != nil && control?.isUnfinished(entry) == true
  }

  /// Refuses to change bits that cannot be read.
  func checkReadable(_ entry: Entry, _ wanted: Wanted?, _ change: LockChange) throws(Problem) {
    guard let control, control.value(in: entry) == nil else { return }
    let isMapped = wanted.map { !control.rule.values(in: $0.entry).isEmpty } ?? false
    guard isMapped || change != .leave && control.mask != 0 else { return }
    throw Problem(
      .access,
      "\(control.rule.name) of \(entry.dn) cannot be read: allow the account that Rollcall binds with to read it"
    )
  }

  /// Refuses a modify that is so large that the server would close the connection.
  func checkSize(
    _ modifications: [Modification], _ dn: DistinguishedName, _ key: RosterKey
  ) throws(Problem) {
    try checkSize(of: modifications.lazy.map { Attribute($0.attribute, $0.values) }, dn, key)
  }

  func checkSize(
    of attributes: some Swift.Sequence<Attribute>, _ dn: DistinguishedName, _ key: RosterKey
  ) throws(Problem) {
    var size = 1024 + dn.text.utf8.count
    for attribute in attributes {
      // BER tags and lengths take at most seven octets per element.
      size += attribute.name.utf8.count + 28
      for value in attribute.values { size += value.bytes.count + 7 }
    }
    guard size > dialect.messageLimit else { return }
    throw Problem(
      .tooLarge,
      "person \(key): \(dn) needs a message of \(size) octets, but the server accepts \(dialect.messageLimit)"
        + ": shorten the values")
  }
}
