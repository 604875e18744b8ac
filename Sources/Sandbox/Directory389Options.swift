/// Options of a throwaway 389 Directory Server.
public struct Directory389Options: Sendable {
  public var suffix = "dc=example,dc=com"
  /// false disables fsync.
  public var durable = true
  /// The authority whose server certificate is used for LDAPS and StartTLS; nil disables both.
  public var tls: TestAuthority?
  /// Attributes with an equality index, in addition to the server's own.
  public var indexes = ["employeeNumber"]
  /// Updates `member`, `uniqueMember` and the like after renames and deletes (Referential Integrity plug-in).
  public var referentialIntegrity = false
  /// Exempts the account from the server's limits of 2,000 entries returned and 5,000 examined.
  public var liftsLimits = true
  /// LDIF of further initial entries.
  public var entries = ""

  public init() {}
}
