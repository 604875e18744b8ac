/// The address of the directory, the transport and the credentials.
public struct LDAPOptions: Sendable {
  /// How to bind (RFC 4513 section 5).
  public enum Bind: Sendable {
    case anonymous
    /// A simple bind. An empty password is refused here: servers treat it as an anonymous bind.
    case simple(dn: String, password: BindPassword)
    /// SASL EXTERNAL: the process's user over `ldapi`, or the client certificate over TLS.
    case external
    /// SASL GSSAPI: Kerberos as `principal` (`rollcall@EXAMPLE.COM`), with its key in the file `keytab`. Without TLS
    /// the connection is encrypted by Kerberos.
    case gssapi(principal: String, keytab: String)
  }

  /// One URI: `ldap://host[:port]`, `ldaps://host[:port]` or `ldapi://path`, the path percent-encoded.
  public var url: String
  /// Starts TLS on a plain `ldap` connection before any other operation (RFC 4511 section 4.14).
  public var startTLS = false
  /// A PEM file of trusted authorities; nil means the system's.
  public var caFile: String?
  /// Whether certificate and host name are verified.
  public var verify = true
  /// PEM files of a client certificate and its key.
  public var certificate: String?
  public var key: String?
  public var bind = Bind.anonymous
  /// The timeout for everything up to the answer to the bind.
  public var connectTimeout = Duration.seconds(10)
  /// The timeout for the answer to one operation; for a search, for its next entry.
  public var operationTimeout = Duration.seconds(10)
  /// The size of an encoded request in octets beyond which it is refused here, because servers close the connection
  /// over it and thereby lose everything in flight. 389 accepts 2 MiB (nsslapd-maxbersize), Active Directory 10 MB,
  /// slapd (sockbuf_max_incoming_auth) and Samba 16 MiB.
  public var maximumMessageSize = 2 << 20

  /// Octets that one answer, or all entries of one search or page, may have; a larger one ends the session. A group
  /// of two million members fits.
  public var largestAnswer = 128 << 20

  public init(url: String) {
    self.url = url
  }
}
