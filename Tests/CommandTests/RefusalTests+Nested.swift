import Sandbox
import Testing

extension RefusalTests {
  /// The account of the inner one sees nothing above its base: it is refused, and the outer one goes on.
  @Test func aNewBaseInsideOneThatItsAccountCannotRead() async throws {
    let site = try await House.shared.site()
    try await site.install()
    var options = OpenLDAPOptions()
    options.durable = false
    let (account, inner) = ("cn=inner,ou=users,\(options.suffix)", "ou=Inner,\(site.base)")
    options.access = [
      "access to dn.base=\"\(site.base)\" by dn.exact=\"\(account)\" none by * break",
      "access to dn.subtree=\"\(inner)\" by dn.exact=\"\(account)\" write by * break",
    ]
    let (outer, server) = try await site.onOwnServer(options)
    try await server.modify(
      """
      dn: \(inner)
      changetype: add
      objectClass: organizationalUnit
      ou: Inner

      dn: \(account)
      changetype: add
      objectClass: applicationProcess
      objectClass: simpleSecurityObject
      cn: inner
      userPassword: \(server.accountPassword)
      """)
    try await outer.succeed("sync")
    let rival = try outer.with("name: \(site.name)\n", "name: rival\n").with("base: \(site.base)", "base: \(inner)")
      .with(server.accountDN, account)
    for command in ["run", "sync", "check"] {
      let ran = try await Rollcall.run([command, "--config", rival.file], environment: rival.environment)
      #expect(ran.code == 1 && ran.words.contains("let the account of directory.bind read the unique id"), "\(ran)")
    }
    #expect(try await site.sql("SELECT base FROM rollcall.directory WHERE name = 'rival'").isEmpty)
    try await outer.succeed("sync")
  }

  /// The same where the new one's base lies around another, which its account cannot see.
  @Test func aNewBaseAroundOneThatItsAccountCannotRead() async throws {
    let site = try await House.shared.site()
    try await site.install()
    var options = OpenLDAPOptions()
    options.durable = false
    let (account, inner) = ("cn=outer,ou=users,\(options.suffix)", "ou=Inner,\(site.base)")
    options.access = ["access to dn.subtree=\"\(inner)\" by dn.exact=\"\(account)\" none by * break"]
    let (outer, server) = try await site.onOwnServer(options)
    try await server.modify(
      """
      dn: \(inner)
      changetype: add
      objectClass: organizationalUnit
      ou: Inner

      dn: \(account)
      changetype: add
      objectClass: applicationProcess
      objectClass: simpleSecurityObject
      cn: outer
      userPassword: \(server.accountPassword)
      """)
    try await site.hire(["ann"])
    let first = try outer.with("base: \(site.base)", "base: \(inner)")
    try await first.succeed("sync")
    let rival = try outer.with("name: \(site.name)\n", "name: rival\n").with(server.accountDN, account)
    for command in ["run", "sync", "check"] {
      let ran = try await Rollcall.run([command, "--config", rival.file], environment: rival.environment)
      #expect(ran.code == 1 && ran.words.contains("let the account of directory.bind read the unique id"), "\(ran)")
    }
    #expect(try await site.sql("SELECT base FROM rollcall.directory WHERE name = 'rival'").isEmpty)
    try await first.succeed("sync")
  }
}
