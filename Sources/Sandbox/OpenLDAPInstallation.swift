/// The paths of OpenLDAP's server.
struct OpenLDAPInstallation: Sendable {
  let slapd: String
  let schemaFolder: String
  /// The folder of the back end and the overlays; nil if they are built in.
  let moduleFolder: String?

  static func find() throws -> OpenLDAPInstallation {
    let programs = ["/usr/sbin", "/usr/lib/openldap", "/usr/libexec", "/usr/local/libexec"].map {
      $0 + "/slapd"
    }
    let schemas = ["/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema"]
    let modules = ["/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap"]
    guard
      let slapd = programs.first(where: Files.isExecutable),
      let schema = schemas.first(where: { Files.exists($0 + "/core.schema") })
    else { throw SandboxError.missing(program: "slapd", package: "slapd") }
    return OpenLDAPInstallation(
      slapd: slapd, schemaFolder: schema,
      moduleFolder: modules.first { folder in Files.names(in: folder).contains { $0.hasPrefix("back_mdb") } })
  }
}
