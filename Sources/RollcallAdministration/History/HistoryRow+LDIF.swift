internal import LDAPModel
internal import PlainText
internal import RollcallCore

extension HistoryRow {
  /// The change as a change record with comments before it; nil if nothing was written.
  package var ldif: String? {
    guard outcome == "done" else {
      // The result of an intent has a row of its own.
      return outcome == "unknown" ? heading + note("it is not known whether the directory carried this out") : nil
    }
    if JournalAction.isDecision(action) { return nil }
    let isDeletion = ["delete", "remove-twin", "drop-group"].contains(action)
    guard let dn else { return isDeletion || changes != nil ? heading + note("the values were erased") : nil }
    let name = DistinguishedName(unchecked: dn)
    if isDeletion { return heading + LDIF.change(.delete(name)) }
    if ["create", "make-group", "make-container"].contains(action) {
      let attributes = (changes ?? []).compactMap { change in
        change.isWritable ? change.added.map { Attribute(change.name, HistoryRow.texts($0)) } : nil
      }.filter { !$0.values.isEmpty }
      guard !attributes.isEmpty else {
        return heading + note("\(dn.excerpt()) was created; the values of a new entry are not kept, the row has them")
      }
      return heading + omissions + LDIF.change(.add(name, attributes))
    }
    var operations: [Operation] = []
    var rest = changes ?? []
    if let newDN, let renamed = rename(name, DistinguishedName(unchecked: newDN), &rest) { operations.append(renamed) }
    let modifications = rest.filter(\.isWritable).flatMap(\.modifications)
    if !modifications.isEmpty {
      operations.append(.modify(DistinguishedName(unchecked: newDN ?? dn), modifications))
    }
    if operations.isEmpty, omissions.isEmpty { return nil }
    return heading + omissions + (operations.isEmpty ? "\n" : operations.map { LDIF.change($0) }.joined())
  }

  private var heading: String {
    let transaction = xid.map { ", transaction \($0)" } ?? ""
    let who = key.map { "key \(RosterKey($0).shown): " } ?? ""
    let person = actor.map { ", by \($0)" } ?? ""
    return LDIF.comment(
      "\(at) \(who)\(action) [id \(id)\(transaction)\(cause.map { ", \($0)" } ?? "")\(person)]".printable)
  }

  private func note(_ text: String) -> String { LDIF.comment(text.printable) + "\n" }

  /// Comments about changes that cannot be written again.
  private var omissions: String {
    (changes ?? []).compactMap { change in
      if change.isErased { return "\(change.name): the values were erased" }
      if change.removed == nil, change.added == nil { return "\(change.name): the values are not kept" }
      let isWhole = ((change.removed ?? []) + (change.added ?? [])).allSatisfy {
        if case .text = $0 { true } else { false }
      }
      if !isWhole { return "\(change.name): not all values are kept as they were" }
      return change.isWritable ? nil : "\(change.name): not the name of an attribute"
    }.map { LDIF.comment($0.printable) }.joined()
  }

  /// A rename, without its implicit changes of the naming attributes.
  private func rename(
    _ old: DistinguishedName, _ new: DistinguishedName, _ changes: inout [AttributeChange]
  ) -> Operation? {
    guard let name = new.first else { return nil }
    let was = old.first?.parts ?? []
    var deletesOld = changes.isEmpty
    for index in changes.indices {
      let type = changes[index].name.lowercased()
      // Octets are compared: as text, two spellings of one character would be equal.
      func stands(in parts: [RelativeDistinguishedName.Part]) -> (HistoryValue) -> Bool {
        let values = parts.filter { $0.type.lowercased() == type }.map(\.value)
        return { HistoryRow.texts([$0]).contains(where: values.contains) }
      }
      if changes[index].removed?.contains(where: stands(in: was)) == true { deletesOld = true }
      changes[index].removed?.removeAll(where: stands(in: was))
      changes[index].added?.removeAll(where: stands(in: name.parts))
    }
    let parent = new.parent == old.parent ? nil : new.parent
    return .rename(old, to: name, deleteOld: deletesOld, newParent: parent)
  }

  fileprivate static func texts(_ values: [HistoryValue]) -> [AttributeValue] {
    values.compactMap { if case .text(let text) = $0 { AttributeValue(text) } else { nil } }
  }
}

extension AttributeChange {
  /// Whether the name can be written in LDIF.
  fileprivate var isWritable: Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-.;_".utf8.contains(byte)
        }
      }
  }

  fileprivate var modifications: [Modification] {
    let (gone, made) = (HistoryRow.texts(removed ?? []), HistoryRow.texts(added ?? []))
    return (gone.isEmpty ? [] : [Modification(.delete, name, gone)])
      + (made.isEmpty ? [] : [Modification(.add, name, made)])
  }
}
