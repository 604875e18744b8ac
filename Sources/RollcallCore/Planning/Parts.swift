import LDAPModel

/// The parts of a modify that can be applied although the server refuses it as a whole.
extension Planner {
  /// The step attribute by attribute, in sending order; empty if it cannot be split.
  ///
  /// The first part sets the link and new object classes: if it is refused, no other part may be sent. The other
  /// parts are independent of each other; a class that goes is one of them, with the attributes that only it allows.
  public func parts(of step: Step) -> [Step] {
    guard case .modify(let dn, let modifications) = step.operation, step.exchange == nil,
      [.update, .enable, .adopt].contains(step.what)
    else { return [] }
    let first = belongingTogether(modifications)
    let last = leavingTogether(modifications)
    var order: [String] = []
    var groups: [String: [Modification]] = [:]
    for modification in modifications {
      let name = schema.canonicalName(modification.attribute)
      let isLeaving = modification.kind == .delete && last.contains(name)
      let group = isLeaving ? Planner.leavingClass : first.contains(name) ? "" : name
      if groups[group] == nil { order.append(group) }
      groups[group, default: []].append(modification)
    }
    guard order.count > 1 else { return [] }
    let lockNames = Set((lock.attributeNames + (control.map { [$0.rule.name] } ?? [])).map(schema.canonicalName))
    return (order.filter(\.isEmpty) + order.filter { !$0.isEmpty }).map { group in
      let isUnlocking = step.clearsDisable && lockNames.contains(group)
      return Step(
        key: step.key, operation: .modify(dn, groups[group] ?? []), what: step.what, clearsDisable: isUnlocking,
        frees: freed(step.frees, by: group))
    }
  }

  /// Whether the step's other parts must not be sent if this one is refused.
  public func isFoundation(_ part: Step) -> Bool {
    guard case .modify(_, let modifications) = part.operation else { return false }
    return modifications.contains { modification in
      let name = schema.canonicalName(modification.attribute)
      return name == link.canonicalName || name == schema.canonicalName("objectClass") && modification.kind != .delete
    }
  }

  /// No attribute has this name.
  private static let leavingClass = "-"

  /// Canonical names of attributes that must go with the classes that go.
  private func leavingTogether(_ modifications: [Modification]) -> Set<String> {
    let going = modifications.filter {
      $0.kind == .delete && schema.canonicalName($0.attribute) == schema.canonicalName("objectClass")
    }
    if going.isEmpty { return [] }
    let names = Set(going.flatMap(\.values).map { ConditionalClasses.identity($0, schema) })
    return conditional.members.filter { names.contains($0.identity) }.reduce(into: ["objectclass"]) {
      $0.formUnion($1.own)
    }
  }

  /// Canonical names of attributes that must be sent with the link and the classes: those that a new class requires.
  private func belongingTogether(_ modifications: [Modification]) -> Set<String> {
    let classes = modifications.filter {
      $0.kind != .delete && schema.canonicalName($0.attribute) == schema.canonicalName("objectClass")
    }
    let names = classes.flatMap(\.values).compactMap(\.text)
    return schema.must(classes: names).union([schema.canonicalName("objectClass"), link.canonicalName])
  }

  private func freed(_ resources: [String], by group: String) -> [String] {
    resources.filter { resource in
      uniques.contains { $0.rule.canonicalName == group && resource.hasPrefix("\($0.rule.name.lowercased()): ") }
    }
  }
}
