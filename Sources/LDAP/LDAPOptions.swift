/// Where the directory is, how to reach it and who asks.
public struct LDAPOptions: Sendable {
  /// How to bind (RFC 4513 section 5).
  public enum Bind: Sendable {
    case anonymous
    /// A simple bind. An empty password is refused here: servers take it for anonymous.
    case simple(dn: String, password: BindPassword)
    /// SASL EXTERNAL: the process's user over `ldapi`, or the client certificate over TLS.
    case external
  }

  /// One URI: `ldap://host[:port]`, `ldaps://host[:port]` or `ldapi://path`, the path percent-encoded.
  public var url: String
  /// Turns a plain `ldap` connection into TLS before anything else is said (RFC 4511 section 4.14).
  public var startTLS = false
  /// A PEM file of trusted authorities; nil means the system's.
  public var caFile: String?
  /// Whether certificate and host name are verified.
  public var verify = true
  /// PEM files of a client certificate and its key.
  public var certificate: String?
  public var key: String?
  public var bind = Bind.anonymous
  /// For everything until the bind is answered.
  public var connectTimeout = Duration.seconds(10)
  /// For the answer to one operation; a search must at least send its next entry.
  public var operationTimeout = Duration.seconds(10)
  /// Octets of an encoded request beyond which it is refused here, because servers drop the connection over
  /// it and with that everything in flight. 389 takes 2 MiB (nsslapd-maxbersize), Active Directory 10 MB,
  /// slapd (sockbuf_max_incoming_auth) and Samba 16 MiB.
  public var maximumMessageSize = 2 << 20

  /// Octets that one answer, or all entries of one search or page, may take; more ends the session. A group of two
  /// million members has room in it.
  public var largestAnswer = 128 << 20

  public init(url: String) {
    self.url = url
  }
}
