import Sandbox
import Testing

extension RefusalTests {
  /// A server of its own with one base inside another, and an account that sees only one of them.
  private struct Nested {
    let site: Site
    /// The configuration of the outer base, with an account that sees both.
    let outer: Site
    let inner: String
    let account: String
    let server: DirectoryServer

    init(access: (_ account: String, _ inner: String, _ base: String) -> [String]) async throws {
      site = try await House.shared.site()
      try await site.install()
      var options = OpenLDAPOptions()
      options.durable = false
      (account, inner) = ("cn=narrow,ou=users,\(options.suffix)", "ou=Inner,\(site.base)")
      options.access = access(account, inner, site.base)
      (outer, server) = try await site.onOwnServer(options)
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
        cn: narrow
        userPassword: \(server.accountPassword)
        """)
    }

    /// Another directory name, with the account that sees only one base.
    func rival(base: String) throws -> Site {
      try outer.with("name: \(site.name)\n", "name: rival\n").with("base: \(site.base)", "base: \(base)")
        .with(server.accountDN, account)
    }

    func expectRefused(_ rival: Site, _ location: SourceLocation = #_sourceLocation) async throws {
      for command in ["run", "sync", "check"] {
        let ran = try await Rollcall.run([command, "--config", rival.file], environment: rival.environment)
        #expect(
          ran.code == 1 && ran.words.contains("let the account of directory.bind read the unique id"), "\(ran)",
          sourceLocation: location)
      }
      #expect(
        try await site.sql("SELECT base FROM rollcall.directory WHERE name = 'rival'").isEmpty,
        sourceLocation: location)
    }
  }

  /// The account of the inner one sees nothing above its base: it is refused, and the outer one goes on.
  @Test func aNewBaseInsideOneThatItsAccountCannotRead() async throws {
    let nested = try await Nested { account, inner, base in
      [
        "access to dn.base=\"\(base)\" by dn.exact=\"\(account)\" none by * break",
        "access to dn.subtree=\"\(inner)\" by dn.exact=\"\(account)\" write by * break",
      ]
    }
    try await nested.outer.succeed("sync")
    try await nested.expectRefused(nested.rival(base: nested.inner))
    try await nested.outer.succeed("sync")
  }

  /// The same where the new one's base lies around another, which its account cannot see.
  @Test func aNewBaseAroundOneThatItsAccountCannotRead() async throws {
    let nested = try await Nested { account, inner, _ in
      ["access to dn.subtree=\"\(inner)\" by dn.exact=\"\(account)\" none by * break"]
    }
    try await nested.site.hire(["ann"])
    let first = try nested.outer.with("base: \(nested.site.base)", "base: \(nested.inner)")
    try await first.succeed("sync")
    try await nested.expectRefused(nested.rival(base: nested.site.base))
    try await first.succeed("sync")
  }
}
