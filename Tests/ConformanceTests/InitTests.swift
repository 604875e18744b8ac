import LDAPModel
import Reactor
import RollcallAdministration
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallConfiguration

/// What `rollcall init` proposes for each kind of server is taken as it is.
@Suite struct InitTests {
  @Test("check accepts the proposal for the seed's table, and it works", arguments: Servers.kinds)
  func theSeed(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      try await site.insert(["ann\(site.name)", "bob\(site.name)"])
      try await site.sql("CREATE ROLE \(site.name)_daemon LOGIN")
      let (text, lines) = try await site.initialize()
      #expect(lines == [])
      #expect(text?.contains("  active: status = 'active'\n") == true)
      let folder = try await Servers.shared.folder
      let file = try folder.write(try #require(text), to: "\(site.name)-init.yaml")
      let configuration = try Configuration.load(
        path: file, environment: ["LDAP_PASSWORD": site.server.accountPassword])
      #expect(configuration.warnings == [])
      #expect(text?.contains(site.server.accountPassword) == false)
      let owner = site.postgres.conninfo(database: site.name)
      let findings = try await Reactor.run {
        let installer = try Installer(configuration, connection: owner)
        defer { installer.close() }
        try await installer.install()
        let inspection = Inspection(configuration)
        var findings: [Finding] = []
        inspection.onFinding = { findings.append($0) }
        #expect(await inspection.run() != .error)
        return findings
      }
      #expect(findings.filter { $0.level == .error } == [])
      // Nobody has set up a role for reading.
      let places = Set(
        findings.filter { $0.level == .warning }.map { String($0.place.split(separator: " ").last ?? "") })
      // In Active Directory a row without a user name keeps the name that the entry has.
      #expect(
        places.isSubset(of: ["source.reader", "users.attributes.sAMAccountName"]), "\(findings)")
      // The first look compares everybody, and would hold the disabling.
      for change in ["SELECT", "UPDATE users SET status = 'left' WHERE id = 2"] {
        try await site.sql(change)
        let outcome = try await Reactor.run {
          let engine = try Engine(configuration, logger: Site.logger)
          defer { engine.close() }
          return try await OneShot(engine).run(.look)
        }
        // An account without a password is disabled in Active Directory as it is.
        #expect((outcome.applied ?? 0) >= 1 || kind == .activeDirectory)
      }
      #expect(try await site.parked().isEmpty)
      let entry = try #require(try await site.entry(1))
      #expect(entry["mail"].first?.text == "ann\(site.name)@example.com")
      #expect(entry["sn"].first?.text == "ann\(site.name)")
      let locks = try await [
        site.value("pwdAccountLockedTime", of: 2), site.value("nsAccountLock", of: 2),
      ]
      switch kind {
      case .openLDAP: #expect(locks == ["000001010000Z", nil])
      case .directory389: #expect(locks == [nil, "true"])
      case .activeDirectory: #expect(try await site.value("userAccountControl", of: 2) == "514")
      }
    }
  }

  @Test("Kerberos is proposed beside the password where the server takes tickets")
  func kerberos() async throws {
    try await Servers.withSite(.openLDAP) { site in
      try await site.sql("CREATE ROLE \(site.name)_daemon LOGIN")
      let mechanisms = try await site.server.search(
        base: "", scope: "base", attributes: ["supportedSASLMechanisms"])
      let (text, _) = try await site.initialize(isBound: false)
      let proposed = "\n#   bind:\n#     mechanism: gssapi\n#     principal: rollcall@EXAMPLE.COM\n"
      #expect(try #require(text).contains(proposed) == mechanisms.contains("GSSAPI"), "\(mechanisms)")
    }
  }
}

extension Site {
  /// Runs `init` for this site's table and base; gives the proposal and what was said besides.
  fileprivate func initialize(isBound: Bool = true) async throws -> (text: String?, lines: [String]) {
    var settings = Initializer.Settings()
    settings.wishes.url = server.secureURL ?? server.url
    settings.wishes.ca = server.authorityFile
    if isBound { settings.wishes.bindDN = server.accountDN }
    settings.wishes.base = base
    settings.wishes.name = name
    settings.connection = Secret(postgres.conninfo(database: name))
    settings.table = "users"
    settings.role = "\(name)_daemon"
    settings.environment = ["LDAP_PASSWORD": server.accountPassword]
    // What install grants.
    try await sql("GRANT SELECT ON users TO \(name)_daemon")
    let chosen = settings
    return try await Reactor.run {
      let initializer = Initializer(chosen)
      var lines: [String] = []
      initializer.onLine = { lines.append($0) }
      return (try await initializer.run(), lines)
    }
  }
}
