/// Options of a throwaway slapd. The defaults give a plain server.
public struct OpenLDAPOptions: Sendable {
  public var suffix = "dc=example,dc=com"
  /// false disables fsync (`dbnosync`).
  public var durable = true
  /// The authority whose server certificate is used for LDAPS and StartTLS; nil disables both.
  public var tls: TestAuthority?
  /// Enables the overlay, with a default policy by which `pwdAccountLockedTime` locks an entry.
  public var ppolicy = false
  /// Keeps `member` and `uniqueMember` in step with renames and deletes.
  public var refint = false
  public var memberof = false
  /// Attributes with an equality index.
  public var indexes = ["objectClass", "uid", "cn", "employeeNumber", "member", "entryUUID"]
  /// Entries per search for all but the administrator; nil for no limit. Debian's default is 500.
  public var sizeLimit: Int?
  public var threads: Int?
  /// slapd's log level in words: `none`, `stats` …
  public var logLevel = "none"
  /// Further lines of slapd.conf before the database …
  public var globalLines: [String] = []
  /// … and at its end.
  public var databaseLines: [String] = []
  /// Access rules before those that it always has.
  public var access: [String] = []
  /// Variables of the server's environment.
  public var environment: [String: String] = [:]
  /// LDIF of further initial entries.
  public var entries = ""
  /// The server that it replicates its entries from; nil if it creates them itself.
  var replication: OpenLDAPReplication?
  /// Whether other servers may replicate from it (the overlay syncprov). It then maintains a contextCSN.
  public var isProvider = false
  /// The passwords of the administrator and the account; nil chooses random ones.
  var passwords: (admin: String, account: String)?

  public init() {}
}
