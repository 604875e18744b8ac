public import LDAPModel

/// One row of the source relation, decoded.
public struct RosterRow: Sendable, Equatable {
  /// The primary key, as PostgreSQL prints it.
  public var key: RosterKey
  /// The value of `where`; NULL is false.
  public var inScope: Bool
  /// The value of `active`; NULL is false.
  public var active: Bool
  /// Values by expression column of the SELECT: attributes, then createOnly, then the password if the rules have one,
  /// then the containers, then the references, then the conditions of classes.
  public var values: [[AttributeValue]]
  /// The names of the groups that the row names; empty if no groups are configured.
  public var membership: [AttributeValue]

  public init(
    key: RosterKey, inScope: Bool = true, active: Bool = true, values: [[AttributeValue]],
    membership: [AttributeValue] = []
  ) {
    self.key = key
    self.inScope = inScope
    self.active = active
    self.values = values
    self.membership = membership
  }
}
