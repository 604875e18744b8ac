/// What a throwaway 389 Directory Server is like.
public struct Directory389Options: Sendable {
  public var suffix = "dc=example,dc=com"
  /// false forgoes fsync.
  public var durable = true
  /// Answers LDAPS and StartTLS with the authority's server certificate when given.
  public var tls: TestAuthority?
  /// Attributes with an equality index, beside the server's own.
  public var indexes = ["employeeNumber"]
  /// Mends `member`, `uniqueMember` and the like after renames and deletes (Referential Integrity plug-in).
  public var referentialIntegrity = false
  /// Lets the account read entries without the server's limits of 2,000 found and 5,000 looked at.
  public var liftsLimits = true
  /// LDIF of further entries that are there from the start.
  public var entries = ""

  public init() {}
}
