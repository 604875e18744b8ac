public import LDAPModel

/// Finds the operations that turn what is there into what is wanted.
public struct Planner: Sendable {
  public init(rules: UserRules, schema: Schema, dialect: any Dialect, directoryName: String) {
  }

  /// Attributes to ask for when entries are read, so that a plan sees all it compares.
  public var requestedAttributes: [String] { [] }

  /// What to look up before planning: names and unique values that the subjects want and do not have.
  public func claims(of subjects: [Subject]) -> [Claim] { [] }

  /// - Parameter occupants: what was found for the claims.
  public func plan(_ subjects: [Subject], occupants: [Occupant] = []) -> Plan { Plan() }
}

/// A name or a value that can belong to one entry only.
public enum Claim: Sendable, Hashable {
  case name(DistinguishedName)
  case value(attribute: String, AttributeValue)
}
