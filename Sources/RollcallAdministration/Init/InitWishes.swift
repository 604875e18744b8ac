/// What the flags of `rollcall init` say; nil is left to the proposal.
package struct InitWishes: Sendable {
  /// `source.connection`, without passwords.
  package var connection = ""
  package var url = ""
  package var name = "main"
  package var key: String?
  package var base: String?
  package var naming: String?
  package var link: String?
  package var username: String?
  package var active: String?
  package var groupsBase: String?
  /// Whether a section for groups may be proposed.
  package var groups = true
  package var startTLS = false
  package var ca: String?
  package var bindDN: String?
  /// Bind as the user of the socket or of the certificate.
  package var external = false
  /// The environment variable that holds the password.
  package var passwordVariable = "LDAP_PASSWORD"
  /// The file that holds the password, in place of the variable.
  package var passwordFile: String?

  package init() {}
}
