/// An attribute description and its values, in the order the server sent them.
public struct Attribute: Hashable, Sendable {
  /// The attribute description, including options (`cn`, `userCertificate;binary`); compared ignoring case.
  public var name: String
  public var values: [AttributeValue]

  public init(_ name: String, _ values: [AttributeValue]) {
    self.name = name
    self.values = values
  }
}

/// An entry of the directory: its name and its attributes.
///
/// `==` is exact, including spelling, order and case. ``isEquivalent(to:_:)`` compares as the directory does.
public struct Entry: Hashable, Sendable {
  public var dn: DistinguishedName
  public var attributes: [Attribute]

  public init(_ dn: DistinguishedName, _ attributes: [Attribute] = []) {
    self.dn = dn
    self.attributes = attributes
  }

  /// The values of the attribute with this name, compared ignoring case; empty if it is absent. Setting it to an
  /// empty array removes the attribute.
  public subscript(name: String) -> [AttributeValue] {
    get {
      guard let index = index(of: name) else { return [] }
      return attributes[index].values
    }
    set {
      switch (index(of: name), newValue.isEmpty) {
      case (let index?, false): attributes[index].values = newValue
      case (let index?, true): attributes.remove(at: index)
      case (nil, false): attributes.append(Attribute(name, newValue))
      case (nil, true): break
      }
    }
  }

  private func index(of name: String) -> Int? {
    // By index: a closure over the elements would retain and release each of them.
    attributes.indices.first { equalWithoutCase(attributes[$0].name, name) }
  }

  /// Whether both have equivalent names and the same sets of equivalent values, attribute by attribute.
  public func isEquivalent(to other: Entry, _ schema: Schema) -> Bool {
    dn.normalized(schema) == other.dn.normalized(schema)
      && canonicalAttributes(schema) == other.canonicalAttributes(schema)
  }

  private func canonicalAttributes(_ schema: Schema) -> [String: Set<AttributeValue>] {
    var result: [String: Set<AttributeValue>] = [:]
    for attribute in attributes where !attribute.values.isEmpty {
      let rule = schema.matchingRule(for: attribute.name)
      result[schema.canonicalName(attribute.name), default: []]
        .formUnion(attribute.values.map { rule.normalize($0, schema: schema) })
    }
    return result
  }
}

extension Attribute: CustomStringConvertible {
  /// The name and the number of values; no value, since it might be a secret.
  public var description: String { "\(name) (\(values.count))" }
}

extension Entry: CustomStringConvertible {
  /// The name alone: values might be secrets.
  public var description: String { dn.description }
}
