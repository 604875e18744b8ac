public import LDAPModel

/// Attributes of groups, other than the members', that have the DNs of people.
extension GroupPlanner {
  /// The people whom a group is to refer to.
  ///
  /// - Parameter columns: the values of the rules' references, in their order.
  /// - Throws: ``Problem`` if an attribute that takes one value is to have several.
  public func references(_ columns: [[AttributeValue]], of group: GroupName) throws(Problem) -> [WantedReference] {
    var found: [WantedReference] = []
    for (name, values) in zip(rules.references, columns) {
      var seen: Set<RosterKey> = []
      let targets = values.compactMap { $0.text.map { RosterKey($0) } }.filter { seen.insert($0).inserted }
      guard targets.count < 2 || schema.attributeType(name)?.singleValue != true else {
        throw Problem(
          .schema,
          "groups.references.\(name) names \(targets.count) people for \(group.dn), but the directory's schema allows one"
        )
      }
      found.append(WantedReference(attribute: name, targets: targets))
    }
    return found
  }

  /// The values that a group's references have and are not to have; some of them may be others' own.
  public func surplus(in entry: Entry, _ references: [WantedReference]) -> [AttributeValue] {
    references.flatMap { reference in
      let wanted = Set(reference.values.map(canonical))
      return entry[reference.attribute].filter { !wanted.contains(canonical($0)) }
    }
  }

  /// The changes after which a group has the DNs of those people whom it is to refer to.
  ///
  /// - Parameter isOurs: whether a value that is not wanted is a person's; others stay, unless there is room for one only.
  public func modifications(
    of entry: Entry, to references: [WantedReference], isOurs: (AttributeValue) -> Bool
  ) -> [Modification] {
    references.flatMap { reference -> [Modification] in
      let name = reference.attribute
      let wanted = reference.values
      let names = Set(wanted.map(canonical))
      let current = entry[name]
      let known = Set(current.map(canonical))
      let isReplaced = schema.attributeType(name)?.singleValue == true && !wanted.isEmpty
      let removed = current.filter { !names.contains(canonical($0)) && (isReplaced || isOurs($0)) }
      let added = wanted.filter { !known.contains(canonical($0)) }
      // What was read is deleted, so that a late change fails instead of undoing a newer one.
      return (removed.isEmpty ? [] : [Modification(.delete, name, removed)])
        + (added.isEmpty ? [] : [Modification(.add, name, added)])
    }
  }

  private func canonical(_ value: AttributeValue) -> AttributeValue {
    MatchingRule.distinguishedName.normalize(value, schema: schema)
  }
}

extension WantedReference {
  /// The DNs of those who have an entry.
  var values: [AttributeValue] {
    targets.compactMap { target in names[target].map { AttributeValue($0.text) } }
  }

  /// The same with the DNs of the people that it names.
  public func resolved(_ found: [RosterKey: DistinguishedName]) -> WantedReference {
    var reference = self
    reference.names = found.filter { targets.contains($0.key) }
    return reference
  }
}
