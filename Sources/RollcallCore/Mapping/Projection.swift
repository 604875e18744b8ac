public import LDAPModel

/// What the roster makes of a row: pure, and the same for every directory state.
public struct Projection: Sendable {
  private let rules: UserRules

  public init(rules: UserRules, schema: Schema, dialect: any Dialect) {
    self.rules = rules
  }

  /// What `row` wants; nil: the key has no row.
  public func desired(for row: RosterRow?) -> Desired {
    .untouched
  }
}
