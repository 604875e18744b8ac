public import LDAPModel

/// Creates the containers that an entry needs, only after the server has said that one is missing.
public struct Containers: Sendable {
  private let base: DistinguishedName
  private let schema: Schema
  private let dialect: any Dialect

  public init(rules: UserRules, schema: Schema, dialect: any Dialect) {
    base = rules.base
    self.schema = schema
    self.dialect = dialect
  }

  /// The adds for the missing containers between an entry and the base, outermost first; each of them may already
  /// exist.
  /// - Parameters:
  ///   - dn: the entry that could not be added or moved.
  ///   - matched: the deepest existing name above it, from the server's answer; nil: unknown.
  /// - Throws: if the base itself is missing, or no object class is known for a container.
  public func missing(
    above dn: DistinguishedName, matched: DistinguishedName? = nil
  ) throws(Problem) -> [Operation] {
    if let matched, matched.normalized(schema) != base.normalized(schema), !matched.isBelow(base, schema) {
      throw Problem(
        .refused, "\(base), the base of the users, is missing: create it by hand",
        blocks: base.normalized(schema))
    }
    let ends = [base, matched ?? base].map { $0.normalized(schema) }
    var operations: [Operation] = []
    var level = dn.isBelow(base, schema) ? dn.parent : nil
    while let container = level, !ends.contains(container.normalized(schema)) {
      operations.append(try add(container))
      level = container.parent
    }
    return operations.reversed()
  }

  private func add(_ dn: DistinguishedName) throws(Problem) -> Operation {
    guard let part = dn.first?.parts.first, let classes = dialect.containerClasses(naming: part.type) else {
      throw Problem(
        .refused,
        "container \(dn) is missing, and Rollcall does not know with which class to create it: create it by hand",
        blocks: dn.normalized(schema))
    }
    return .add(
      dn, [Attribute("objectClass", classes.map { AttributeValue($0) }), Attribute(part.type, [part.value])])
  }
}
