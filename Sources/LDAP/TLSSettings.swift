internal import CLDAP
internal import Glibc

/// libldap's TLS options for one handle.
enum TLSSettings {
  /// The distributions' paths of trusted authorities; LDAPNOINIT keeps libldap from reading them in ldap.conf.
  private static let systemAuthorities = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
  ]

  /// Whether libldap accepts them all. NEWCTX comes last: it creates the context from the others.
  static func apply(_ options: LDAPOptions, to ld: OpaquePointer) -> Bool {
    let authorities = options.caFile ?? systemAuthorities.first { unsafe access($0, R_OK) == 0 }
    let files = [
      (LDAP_OPT_X_TLS_CACERTFILE, options.verify ? authorities : nil),
      (LDAP_OPT_X_TLS_CERTFILE, options.certificate), (LDAP_OPT_X_TLS_KEYFILE, options.key),
    ]
    for (option, file) in files {
      if let file, unsafe ldap_set_option(ld, option, file) != LDAP_OPT_SUCCESS { return false }
    }
    var demand: Int32 = options.verify ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER
    var forServer: Int32 = 0
    return unsafe ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_OPT_SUCCESS
      && ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &forServer) == LDAP_OPT_SUCCESS
  }
}
