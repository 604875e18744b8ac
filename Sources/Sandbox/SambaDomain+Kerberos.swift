/// The domain as a Kerberos realm.
extension SambaDomain {
  public nonisolated var kerberosRealm: String { realm.uppercased() }

  /// The principal of the account.
  public nonisolated var accountPrincipal: String { "rollcall@\(kerberosRealm)" }

  /// krb5.conf(5) of a machine that knows this realm.
  ///
  /// - Parameters:
  ///   - settings: further lines of `[libdefaults]`.
  ///   - kdcs: further realms, each with the address and port of its KDC.
  public nonisolated func kerberosConfiguration(_ settings: [String] = [], kdcs: [String: String] = [:]) -> String {
    let usual = [
      "default_realm = \(kerberosRealm)", "dns_lookup_kdc = false", "dns_lookup_realm = false",
      "dns_canonicalize_hostname = false", "rdns = false", "udp_preference_limit = 1",
    ]
    let realms = kdcs.merging([kerberosRealm: address]) { $1 }.sorted { $0.key < $1.key }
    return "[libdefaults]\n" + (usual + settings).map { $0 + "\n" }.joined() + "[realms]\n"
      + realms.map { "\($0.key) = {\nkdc = \($0.value)\n}\n" }.joined()
  }

  /// Exports the account's keytab; returns its path.
  public nonisolated func exportKeytab() async throws -> String {
    try await keytab(of: accountPrincipal, to: home + "/account.keytab")
  }

  /// Makes an account for a service such as `ldap/localhost`, and exports its keytab; returns its path.
  public nonisolated func makeService(_ service: String) async throws -> String {
    let name = service.replacing("/", with: "-")
    return try await keytab(of: "\(service)@\(kerberosRealm)", to: "\(home)/\(name).keytab", account: [name, service])
  }

  private nonisolated func keytab(of principal: String, to file: String, account: [String] = []) async throws -> String
  {
    _ = try await Command(
      installation.python, ["-c", SambaDomain.exporting, home + "/smb.conf", principal, file] + account
    ).run(input: Self.randomPassword() + "\n", within: .seconds(60))
    return file
  }

  /// Exports a principal's keys to a file; where an account and a service follow, makes that account with AES keys before.
  private static let exporting = """
    import sys
    from samba import enable_net_export_keytab
    from samba.auth import system_session
    from samba.net import Net
    from samba.param import LoadParm
    from samba.samdb import SamDB

    settings = LoadParm()
    settings.load(sys.argv[1])
    if len(sys.argv) > 4:
        samdb = SamDB(lp=settings, session_info=system_session())
        samdb.newuser(sys.argv[4], sys.stdin.readline().strip())
        samdb.modify_ldif(
            "dn: CN=%s,CN=Users,%s\\nchangetype: modify\\nadd: servicePrincipalName\\nservicePrincipalName: %s\\n"
            "-\\nadd: msDS-SupportedEncryptionTypes\\nmsDS-SupportedEncryptionTypes: 24\\n"
            % (sys.argv[4], samdb.domain_dn(), sys.argv[5]))
    enable_net_export_keytab()
    Net(None, settings).export_keytab(principal=sys.argv[2], keytab=sys.argv[3])
    """
}
