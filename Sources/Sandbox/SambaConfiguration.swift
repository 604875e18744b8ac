/// The text of smb.conf, and the preparation of a new domain before its server starts.
struct SambaConfiguration {
  let home: String
  let address: String
  let realm: String
  let certificate: TestAuthority.Identity
  let authority: String

  /// smb.conf(5). Only LDAP and Kerberos are served; every path is in the temporary folder.
  var smbConf: String {
    let settings = [
      "interfaces": "\(address)/8", "bind interfaces only": "yes", "netbios name": "DC",
      "workgroup": Self.workgroup(realm), "realm": realm.uppercased(),
      "server role": "active directory domain controller", "server services": "ldap, kdc",
      "private dir": "\(home)/dc/private", "state directory": "\(home)/dc/state",
      "lock directory": "\(home)/dc", "cache directory": "\(home)/dc/cache", "pid directory": "\(home)/dc",
      "binddns dir": "\(home)/dc/bind-dns", "ncalrpc dir": "\(home)/dc/ncalrpc",
      "ntp signd socket directory": "\(home)/dc/ntp", "winbindd socket directory": "\(home)/dc/winbindd",
      "tls enabled": "yes", "tls cafile": authority, "tls certfile": certificate.certificate,
      "tls keyfile": certificate.key,
      // Like a Windows server that is not hardened: simple binds without TLS are allowed too.
      "ldap server require strong auth": "no",
      // No fsync.
      "ldb:nosync": "true",
    ]
    return "[global]\n" + settings.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
  }

  static func workgroup(_ realm: String) -> String {
    String(realm.prefix { $0 != "." }).uppercased()
  }

  /// Creates the bases, the account with its rights, an index on the attribute that carries the key, and a service
  /// principal with the address (the second argument), for want of a name that everybody resolves; the passwords of the
  /// administrator and the account come on standard input, one per line.
  ///
  /// The rights are those of "delegate control": to create and delete children of the units (CC, DC), and everything
  /// (GA) on the objects below them, inherited only.
  static let preparation = """
    import sys
    from samba.auth import system_session
    from samba.dcerpc import security
    from samba.ndr import ndr_unpack
    from samba.param import LoadParm
    from samba.samdb import SamDB
    from samba.sd_utils import SDUtils

    settings = LoadParm()
    settings.load(sys.argv[1])
    settings.set("dsdb:schema update allowed", "true")
    samdb = SamDB(lp=settings, session_info=system_session())
    domain = str(samdb.domain_dn())
    samdb.setpassword("(sAMAccountName=Administrator)", sys.stdin.readline().strip())
    samdb.newuser("rollcall", sys.stdin.readline().strip())
    found = samdb.search(domain, expression="(sAMAccountName=rollcall)", attrs=["objectSid"])
    sid = ndr_unpack(security.dom_sid, found[0]["objectSid"][0])
    for name in ("users", "groups"):
        unit = "OU=%s,%s" % (name, domain)
        samdb.add({"dn": unit, "objectClass": "organizationalUnit"})
        for right in ("(A;;CCDC;;;%s)" % sid, "(A;CIIO;GA;;;%s)" % sid):
            SDUtils(samdb).dacl_add_ace(unit, right)
    samdb.modify_ldif(
        "dn: CN=Employee-Number,%s\\nchangetype: modify\\nreplace: searchFlags\\nsearchFlags: 1\\n"
        % samdb.get_schema_basedn())
    samdb.modify_ldif(
        "dn: CN=DC,OU=Domain Controllers,%s\\nchangetype: modify\\nadd: servicePrincipalName\\n"
        "servicePrincipalName: ldap/%s\\n" % (domain, sys.argv[2]))
    """
}
