/// The text of dse.ldif and of the entries that are added when the server first runs.
///
/// `dscreate` would create the same from the same template, but requires systemd, and folders in /etc, /run and /var
/// that would have to be removed.
struct Directory389Configuration {
  static let backend = "userroot"

  let options: Directory389Options
  let home: String
  /// The folder of dse.ldif. The server's semaphore is named after it.
  let folder: String
  let port: Int
  let securePort: Int?
  let socket: String
  let user: String
  let admin: String
  let adminPassword: String
  let account: String
  let accountPassword: String

  private var suffix: String { options.suffix }

  static let subfolders = ["log", "db", "run", "lock", "ldif", "bak", "instance", "tmp"]

  /// The template with its variables replaced, and our settings appended.
  func dse(template: String) -> String {
    let values = [
      "schema_dir": "\(folder)/schema", "lock_dir": "\(home)/lock", "tmp_dir": "\(home)/tmp",
      "cert_dir": folder, "ldif_dir": "\(home)/ldif", "bak_dir": "\(home)/bak", "run_dir": "\(home)/run",
      "inst_dir": "\(home)/instance", "log_dir": "\(home)/log", "fqdn": "localhost", "ds_port": "\(port)",
      "ds_user": user, "rootdn": admin, "ds_passwd": "{CLEAR}\(adminPassword)", "ldapi_enabled": "on",
      "ldapi": socket, "ldapi_autobind": "off", "ds_suffix": suffix, "config_dir": folder,
      "db_dir": "\(home)/db", "db_home_dir": "\(home)/db", "db_lib": "bdb",
    ]
    var text = template
    for (name, value) in values { text = text.replacing("%\(name)%", with: value) }
    text = Self.extend(text, "cn=config", general)
    text = Self.extend(text, "cn=config,cn=ldbm database,cn=plugins,cn=config", database)
    if options.referentialIntegrity {
      text = text.replacing(
        "nsslapd-pluginenabled: off\nnsslapd-pluginprecedence: 40\nreferint",
        with: "nsslapd-pluginenabled: on\nnsslapd-pluginprecedence: 40\nreferint")
    }
    // One empty line between entries and not two: with two the server exits silently.
    while text.hasSuffix("\n") { text.removeLast() }
    return text + "\n\n" + indexes.joined(separator: "\n")
  }

  /// Adds lines to the entry of that name.
  private static func extend(_ text: String, _ dn: String, _ lines: [String]) -> String {
    let start = "dn: \(dn)\n"
    return text.replacing(start, with: start + lines.map { $0 + "\n" }.joined(), maxReplacements: 1)
  }

  private var general: [String] {
    [
      "nsslapd-listenhost: 127.0.0.1", "nsslapd-securelistenhost: 127.0.0.1",
      // The default takes tenths of a second per bind.
      "passwordStorageScheme: SSHA512",
    ]
      + (securePort.map { ["nsslapd-security: on", "nsslapd-secureport: \($0)"] } ?? [])
  }

  /// Small caches, because the server would use a tenth of the machine's memory.
  private var database: [String] {
    [
      "nsslapd-cache-autosize: 0", "nsslapd-dbcachesize: 16777216",
      "nsslapd-db-durable-transaction: \(options.durable ? "on" : "off")",
    ]
  }

  /// The indexes of a new database.
  private var indexes: [String] {
    options.indexes.map { name in
      """
      dn: cn=\(name),cn=default indexes,cn=config,cn=ldbm database,cn=plugins,cn=config
      objectclass: top
      objectclass: nsIndex
      cn: \(name)
      nssystemindex: false
      nsindextype: eq
      nsindextype: pres

      """
    }
  }

  /// The database, and the mapping tree entry of the suffix.
  var backendEntries: String {
    """
    dn: cn=\(Self.backend),cn=ldbm database,cn=plugins,cn=config
    objectClass: top
    objectClass: extensibleObject
    objectClass: nsBackendInstance
    cn: \(Self.backend)
    nsslapd-suffix: \(suffix)
    nsslapd-cachememsize: 67108864

    dn: cn="\(suffix)",cn=mapping tree,cn=config
    objectClass: top
    objectClass: extensibleObject
    objectClass: nsMappingTree
    cn: \(suffix)
    nsslapd-state: backend
    nsslapd-backend: \(Self.backend)

    """
  }

  var baseEntries: String {
    [
      """
      dn: \(suffix)
      objectClass: domain
      dc: \(suffix.prefix { $0 != "," }.dropFirst(3))
      aci: (targetattr != "userPassword || aci")(version 3.0; acl "read"; allow (read, search, compare)
        userdn = "ldap:///anyone";)

      """,
      unit("users"), unit("groups"),
      """
      dn: \(account)
      objectClass: applicationProcess
      objectClass: simpleSecurityObject
      cn: rollcall
      userPassword: \(accountPassword)
      \(options.liftsLimits ? "nsSizeLimit: -1\nnsLookThroughLimit: -1\nnsPagedSizeLimit: -1\n" : "")
      """,
      options.entries,
    ].filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// A unit below which the account may write; it may not change the unit itself.
  ///
  /// Moving an entry needs a right of its own.
  private func unit(_ name: String) -> String {
    let unit = "ou=\(name),\(suffix)"
    return """
      dn: \(unit)
      objectClass: organizationalUnit
      ou: \(name)
      aci: (target = "ldap:///*=*,\(unit)")(targetattr = "*")
        (version 3.0; acl "Rollcall writes"; allow (all) userdn = "ldap:///\(account)";)
      aci: (target_from = "ldap:///\(unit)")(target_to = "ldap:///\(unit)")
        (version 3.0; acl "Rollcall moves"; allow (moddn) userdn = "ldap:///\(account)";)

      """
  }
}
