extension Operation {
  /// The entry after the operation, as a directory would have it; unchanged if the directory would refuse. Nil is "no
  /// such entry", before and after.
  public func applied(to entry: Entry?, _ schema: Schema) -> Entry? {
    do { return try performed(on: entry, schema) } catch { return entry }
  }

  /// The entry after the operation, or the code with which a directory refuses it: 16, 18, 19, 20, 32, 67, 68.
  ///
  /// Considers only this entry: other entries' names, object classes and syntaxes are not checked.
  public func performed(on entry: Entry?, _ schema: Schema) throws(ResultCode) -> Entry? {
    if case .add(let dn, let attributes) = self {
      guard entry == nil else { throw .entryAlreadyExists }
      return try Operation.added(dn, attributes, schema)
    }
    guard var entry, entry.dn.isEquivalent(to: dn, schema) else { throw .noSuchObject }
    switch self {
    case .add, .delete: return nil
    case .modify(_, let modifications):
      for modification in modifications { try entry.apply(modification, schema) }
      try entry.checkNaming(schema)
    case .rename(_, let name, let deleteOld, let newParent):
      let old = entry.dn.first?.parts ?? []
      entry.dn = entry.dn.renamed(to: name, newParent: newParent)
      if deleteOld {
        for part in old where !name.parts.contains(where: { $0.isEquivalent(to: part, schema) }) {
          entry.remove(part.value, from: part.type, schema)
        }
      }
      entry.addNamingValues(of: name, schema)
    }
    try entry.checkSingleValues(schema)
    return entry
  }

  /// RFC 4511 section 4.7: the values of the name need not be listed.
  private static func added(
    _ dn: DistinguishedName, _ attributes: [Attribute], _ schema: Schema
  ) throws(ResultCode) -> Entry {
    var entry = Entry(dn)
    for attribute in attributes {
      try entry.apply(Modification(.add, attribute.name, attribute.values), schema)
    }
    if let name = dn.first { entry.addNamingValues(of: name, schema) }
    try entry.checkSingleValues(schema)
    return entry
  }
}

extension RelativeDistinguishedName.Part {
  fileprivate func isEquivalent(to other: Self, _ schema: Schema) -> Bool {
    RelativeDistinguishedName([self]).normalized(schema)
      == RelativeDistinguishedName([other]).normalized(schema)
  }
}

extension Entry {
  fileprivate mutating func apply(_ modification: Modification, _ schema: Schema) throws(ResultCode) {
    let rule = schema.matchingRule(for: modification.attribute)
    let name = spelling(of: modification.attribute, schema)
    switch modification.kind {
    case .replace:
      var values: [AttributeValue] = []
      for value in modification.values {
        guard !values.contains(where: { rule.matches($0, value, schema: schema) }) else {
          throw .attributeOrValueExists
        }
        values.append(value)
      }
      self[name] = values
    case .add:
      var values = self[name]
      guard rule != .none || values.isEmpty else { throw .inappropriateMatching }
      for value in modification.values {
        guard !values.contains(where: { rule.matches($0, value, schema: schema) }) else {
          throw .attributeOrValueExists
        }
        values.append(value)
      }
      self[name] = values
    case .delete:
      var values = self[name]
      guard !values.isEmpty else { throw .noSuchAttribute }
      guard rule != .none || modification.values.isEmpty else { throw .inappropriateMatching }
      for value in modification.values {
        guard let index = values.firstIndex(where: { rule.matches($0, value, schema: schema) }) else {
          throw .noSuchAttribute
        }
        values.remove(at: index)
      }
      self[name] = modification.values.isEmpty ? [] : values
    }
  }

  /// The entry's own name for the attribute: it may use another spelling of the same type.
  private func spelling(of attribute: String, _ schema: Schema) -> String {
    let canonical = schema.canonicalName(attribute)
    return attributes.first { schema.canonicalName($0.name) == canonical }?.name ?? attribute
  }

  fileprivate mutating func remove(_ value: AttributeValue, from attribute: String, _ schema: Schema) {
    let rule = schema.matchingRule(for: attribute)
    self[spelling(of: attribute, schema)].removeAll { rule.matches($0, value, schema: schema) }
  }

  fileprivate mutating func addNamingValues(of name: RelativeDistinguishedName, _ schema: Schema) {
    for part in name.parts where !has(part, schema) {
      self[spelling(of: part.type, schema)].append(part.value)
    }
  }

  fileprivate func checkNaming(_ schema: Schema) throws(ResultCode) {
    guard dn.first?.parts.allSatisfy({ has($0, schema) }) ?? true else { throw .notAllowedOnRDN }
  }

  private func has(_ part: RelativeDistinguishedName.Part, _ schema: Schema) -> Bool {
    let rule = schema.matchingRule(for: part.type)
    return self[spelling(of: part.type, schema)].contains { rule.matches($0, part.value, schema: schema) }
  }

  fileprivate func checkSingleValues(_ schema: Schema) throws(ResultCode) {
    for attribute in attributes where attribute.values.count > 1 {
      guard schema.attributeType(attribute.name)?.singleValue != true else { throw .constraintViolation }
    }
  }
}
