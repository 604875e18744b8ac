/// The text of slapd.conf and of the initial entries of a throwaway slapd.
struct OpenLDAPConfiguration {
  let installation: OpenLDAPInstallation
  let options: OpenLDAPOptions
  let home: String
  let account: String
  let accountPassword: String
  let admin: String
  let adminPassword: String

  private var suffix: String { options.suffix }

  /// slapd.conf(5).
  var slapdConf: String {
    (global + database + overlays + options.databaseLines).joined(separator: "\n") + "\n"
  }

  private var global: [String] {
    var lines = ["core", "cosine", "inetorgperson", "nis"].map {
      "include \(installation.schemaFolder)/\($0).schema"
    }
    if let folder = installation.moduleFolder {
      lines.append("modulepath \(folder)")
      lines += (["back_mdb"] + overlayNames).map { "moduleload \($0)" }
    }
    lines += ["pidfile \(home)/slapd.pid", "argsfile \(home)/slapd.args", "loglevel \(options.logLevel)"]
    lines.append("sizelimit \(options.sizeLimit.map(String.init) ?? "unlimited")")
    if let threads = options.threads { lines.append("threads \(threads)") }
    if let tls = options.tls {
      lines += [
        "TLSCACertificateFile \(tls.certificate)", "TLSCertificateFile \(tls.server.certificate)",
        "TLSCertificateKeyFile \(tls.server.key)",
      ]
    }
    return lines + (options.replication?.globalLines ?? []) + options.globalLines
  }

  private var database: [String] {
    [
      "database mdb", "suffix \"\(suffix)\"", "directory \(home)/data",
      // A sparse file: unused space takes no room.
      "maxsize 8589934592", "rootdn \"\(admin)\"", "rootpw \(adminPassword)",
    ]
      + (options.durable ? [] : ["dbnosync"])
      + options.indexes.map { "index \($0) eq" }
      + access
      + (options.replication?.databaseLines(suffix: suffix, admin: admin, password: adminPassword) ?? [])
  }

  /// The account may write only below ou=users and ou=groups; it may read everything except passwords.
  private var access: [String] {
    let write = "by dn.exact=\"\(account)\" write"
    return options.access
      + ["ou=users,\(suffix)", "ou=groups,\(suffix)"].flatMap { unit in
        [
          "access to dn.children=\"\(unit)\" attrs=userPassword \(write) by self =xw by * auth",
          "access to dn.children=\"\(unit)\" \(write) by * read",
          "access to dn.base=\"\(unit)\" attrs=children \(write) by * read",
        ]
      } + ["access to attrs=userPassword by * auth", "access to * by * read"]
  }

  private var overlayNames: [String] {
    (options.ppolicy ? ["ppolicy"] : []) + (options.refint ? ["refint"] : [])
      + (options.memberof ? ["memberof"] : []) + (options.isProvider ? ["syncprov"] : [])
  }

  private var overlays: [String] {
    overlayNames.flatMap { overlay in
      switch overlay {
      case "ppolicy": ["overlay ppolicy", "ppolicy_default \"cn=default,ou=policies,\(suffix)\""]
      case "refint":
        ["overlay refint", "refint_attributes member uniqueMember", "refint_nothing \"\(admin)\""]
      default: ["overlay \(overlay)"]
      }
    }
  }

  /// The entries that slapadd loads before the first start.
  var baseEntries: String {
    var entries = [
      suffixEntry,
      "dn: ou=users,\(suffix)\nobjectClass: organizationalUnit\nou: users\n",
      "dn: ou=groups,\(suffix)\nobjectClass: organizationalUnit\nou: groups\n",
      """
      dn: \(account)
      objectClass: applicationProcess
      objectClass: simpleSecurityObject
      cn: rollcall
      userPassword: \(accountPassword)

      """,
    ]
    if options.ppolicy {
      entries += [
        "dn: ou=policies,\(suffix)\nobjectClass: organizationalUnit\nou: policies\n",
        """
        dn: cn=default,ou=policies,\(suffix)
        objectClass: applicationProcess
        objectClass: pwdPolicy
        cn: default
        pwdAttribute: userPassword
        pwdLockout: TRUE

        """,
      ]
    }
    if !options.entries.isEmpty { entries.append(options.entries) }
    return entries.joined(separator: "\n")
  }

  /// For a suffix that begins with dc= or o=.
  private var suffixEntry: String {
    let name = suffix.prefix { $0 != "," }.split(separator: "=", maxSplits: 1)
    let value = name.last ?? ""
    if name.first == "o" { return "dn: \(suffix)\nobjectClass: organization\no: \(value)\n" }
    return """
      dn: \(suffix)
      objectClass: dcObject
      objectClass: organization
      dc: \(value)
      o: \(value)

      """
  }
}
