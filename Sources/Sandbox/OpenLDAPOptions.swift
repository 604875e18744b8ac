/// What a throwaway slapd is like. The defaults are an in-order server with nothing special about it.
public struct OpenLDAPOptions: Sendable {
  public var suffix = "dc=example,dc=com"
  /// false forgoes fsync (`dbnosync`).
  public var durable = true
  /// Answers LDAPS and StartTLS with the authority's server certificate when given.
  public var tls: TestAuthority?
  /// The overlay, with a default policy by which `pwdAccountLockedTime` locks an entry.
  public var ppolicy = false
  /// Keeps `member` and `uniqueMember` in step with renames and deletes.
  public var refint = false
  public var memberof = false
  /// Attributes with an equality index.
  public var indexes = ["objectClass", "uid", "cn", "employeeNumber", "member", "entryUUID"]
  /// Entries a search may return to others than the administrator; nil for no limit. Debian's own is 500.
  public var sizeLimit: Int?
  public var threads: Int?
  /// slapd's log level, as words: `none`, `stats` …
  public var logLevel = "none"
  /// Further lines of slapd.conf before the database …
  public var globalLines: [String] = []
  /// … and at its end.
  public var databaseLines: [String] = []
  /// LDIF of further entries that are there from the start.
  public var entries = ""
  /// From whom it takes over its entries; nil: it has them from the start.
  var replication: OpenLDAPReplication?
  /// Whether others may read changes from it (the overlay syncprov). It keeps a contextCSN then.
  public var isProvider = false
  /// The administrator's and the account's; nil draws them.
  var passwords: (admin: String, account: String)?

  public init() {}
}
