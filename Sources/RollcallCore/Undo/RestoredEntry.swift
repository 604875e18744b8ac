import LDAPModel

/// A deleted entry in the form in which it can be added again.
struct RestoredEntry {
  /// Nil if it cannot be added.
  var entry: Entry?
  /// The groups that it was a member of.
  var groups: [DistinguishedName] = []
  /// Whether it is added disabled because its password is lost.
  var isDisabled = false
  var notes: [String] = []
  /// What cannot be restored.
  var losses: [String] = []

  init(_ row: UndoneRow, _ planner: Planner) {
    var attributes: [Attribute] = []
    var hadPassword = false
    let identity = planner.dialect.identityAttribute
    for change in row.changes {
      let type = String(change.name.prefix { $0 != ";" })
      if type.lowercased() == "memberof" {
        groups = (UndoPlanner.texts(change.removed) ?? []).compactMap(\.text).map { DistinguishedName(unchecked: $0) }
        continue
      }
      if type.lowercased() == identity.lowercased() || planner.dialect.isServerOwned(type) { continue }
      // Active Directory marks objectClass this way too, although an add must include it.
      let isFixed = planner.schema.attributeType(type)?.noUserModification == true
      if isFixed, type.lowercased() != "objectclass" { continue }
      if LDIF.isSecret(change.name) || change.removed?.contains(.hidden) == true {
        hadPassword = hadPassword || LDIF.isSecret(change.name)
        if LDIF.isSecret(change.name) { continue }
        losses.append("\(change.name): its values are not kept")
        continue
      }
      guard let values = UndoPlanner.texts(change.removed) else {
        losses.append("\(change.name): its values are not kept")
        continue
      }
      attributes.append(Attribute(change.name, values))
    }
    guard attributes.contains(where: { $0.name.lowercased() == "objectclass" }) else {
      losses.append("the row does not contain the entry's attributes")
      return
    }
    notes.append("\(identity) is a new one: the server gives it")
    notes += planner.dialect.restoring(row.entryID?.text)
    if case .modified(_, let control, _, _, let passwordless) = planner.dialect.firstPassword {
      attributes.append(Attribute(control, [AttributeValue("\(passwordless)")]))
      hadPassword = true
    }
    var entry = Entry(row.dn, attributes)
    if hadPassword {
      isDisabled = true
      notes.append("it comes back disabled, because its password is not known")
      let locked = Operation.modify(entry.dn, planner.locking(entry)).applied(to: entry, planner.schema)
      entry = locked ?? entry
    }
    self.entry = entry
  }
}
