package import LDAP

extension LDAPOptions {
  /// The options for one of the configured URLs.
  package init(_ configuration: Configuration.Directory, url: String) {
    self.init(url: url)
    startTLS = configuration.startTLS
    caFile = configuration.ca
    verify = configuration.verify
    certificate = configuration.certificate
    key = configuration.key
    bind =
      switch configuration.bind {
      case .simple(let dn, let password): .simple(dn: dn, password: BindPassword(password.bytes))
      case .external: .external
      case .gssapi(let principal, let keytab): .gssapi(principal: principal, keytab: keytab)
      }
    connectTimeout = min(configuration.timeout, .seconds(5))
    operationTimeout = configuration.timeout
  }
}
