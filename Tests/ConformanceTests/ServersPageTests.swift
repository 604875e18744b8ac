import LDAP
import LDAPModel
import PageBlocks
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallConfiguration

/// The page `Servers` shows what works.
@Suite struct ServersPageTests {
  @Test(arguments: Servers.kinds)
  func theConfigurationOfTheServersSectionWorks(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD first_password text;"
    settings.document = try ServersPageTests.configuration(of: kind)
    try await Servers.withSite(kind, settings) { site in
      try await site.sql(
        """
        INSERT INTO users VALUES
          (1, 'readme1', 'ada@example.com', 'Ada Lovelace', 'active', now(), 'First-Pw-1'),
          (2, 'readme2', 'bob@example.com', 'Bob Kahn', 'left', now(), 'First-Pw-2')
        """)
      try await site.sync()
      #expect(try await site.parked().isEmpty)
      #expect(try await site.value("sn", of: 1) == "Lovelace")
      #expect(try await site.value("mail", of: 2) == "bob@example.com")
      let control = try await site.value("userAccountControl", of: 2)
      let locks = try await [site.value("pwdAccountLockedTime", of: 2), site.value("nsAccountLock", of: 2), control]
      switch kind {
      case .openLDAP: #expect(locks == ["000001010000Z", nil, nil])
      case .directory389: #expect(locks == [nil, "true", nil])
      case .activeDirectory:
        #expect(locks == [nil, nil, "514"])
        #expect(try await site.canLogIn(1))
      }
      try await site.sql("UPDATE users SET full_name = 'Ada King' WHERE id = 1")
      try await site.sync()
      #expect(try await site.value("sn", of: 1) == "King")
      // Blanks where somebody typed too many.
      for (name, surname) in [(" Ada  King ", "King"), ("Ada ", "Ada"), ("Ada\tKing-Noel ", "Ada\tKing-Noel")] {
        try await site.sql("UPDATE users SET full_name = '\(name)' WHERE id = 1")
        try await site.sync()
        #expect(try await site.parked().isEmpty)
        #expect(try await site.value("sn", of: 1) == surname)
      }
      try await site.expectAtRest()
    }
  }

  @Test("389: the page's LDIF makes an account that may write below the base")
  func accountOf389() async throws {
    let ldif = try #require(Page.blocks(of: .ds389).first?.text)
    var settings = SiteSettings()
    settings.bind = #"{ dn: "cn=page-account,dc=example,dc=com", password: Change-Me-1 }"#
    settings.users = ["container: [{ ou: \"nullif(status, 'active')\" }]"]
    try await Servers.withSite(.directory389, settings) { found in
      // Beside the suite's own account and base, which would be in its way.
      let base = "ou=page,dc=example,dc=com"
      try await found.server.modify(
        ldif.replacing("cn=rollcall,", with: "cn=page-account,").replacing("cn: rollcall", with: "cn: page-account")
          .replacing("ou=users,", with: "ou=page,").replacing("ou: users", with: "ou: page")
          .replacing("change-me", with: "Change-Me-1"))
      let site = try found.changed("base: \(found.base)\n", to: "base: \(base)\n")
      try await site.insert(["ann", "bob"])
      try await site.sync()
      try await site.sql("UPDATE users SET status = 'left' WHERE id = 2")
      try await site.sync()
      #expect(try await site.parked().isEmpty)
      let names = try await site.entries(["uid"], .subtree, below: base, .present("uid")).map(\.dn.text)
      #expect(names.sorted() == ["uid=ann,\(base)", "uid=bob,ou=left,\(base)"])
      try await site.expectInStep()
      #expect(try await site.check().filter { $0.level == .error } == [])
    }
  }

  @Test("Active Directory: the recipe for its own attributes", .enabled(if: SambaDomain.obstacle == nil))
  func attributesOfActiveDirectory() async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD first_password text, ADD last_day date, ADD aliases text[];"
    settings.document = try #require(Page.blocks(of: .ad).first?.text)
    try await Servers.withSite(.activeDirectory, settings) { site in
      try await site.sql(
        """
        INSERT INTO users VALUES
          (1, 'recipe1', 'ada@example.com', 'Ada Recipe', 'active', now(), 'First-Pw-1', '2027-03-31', '{ada.b@example.com}'),
          (2, 'recipe2', 'bob@example.com', 'Bob Recipe', 'active', now(), 'First-Pw-2', NULL, NULL)
        """)
      try await site.sync()
      #expect(try await site.parked() == [])
      #expect(try await site.value("accountExpires", of: 1) == "134510040000000000")
      #expect(try await site.value("accountExpires", of: 2) == "9223372036854775807")
      #expect(try await site.value("pwdLastSet", of: 1) == "0")
      let addresses = try await site.entry(1)?["proxyAddresses"].compactMap(\.text).sorted()
      #expect(addresses == ["SMTP:ada@example.com", "smtp:ada.b@example.com"])
      try await site.expectAtRest()
      try await site.sql("UPDATE users SET status = 'left' WHERE id = 2")
      try await site.sync()
      #expect(try await site.entry(2)?.dn.text.lowercased() == "cn=bob recipe,ou=former,\(site.base)".lowercased())
      #expect(try await site.value("userAccountControl", of: 2) == "514")
      try await site.sql("UPDATE users SET status = 'active' WHERE id = 2")
      try await site.sync()
      #expect(try await site.entry(2)?.dn.text.lowercased() == "cn=bob recipe,\(site.base)".lowercased())
      try await site.expectAtRest()
    }
  }

  /// The YAML in the server's section.
  private static func configuration(of kind: DirectoryServerKind) throws -> String {
    try #require(Page.blocks(of: .server).first { $0.section == section(of: kind) }?.text)
  }

  private static func section(of kind: DirectoryServerKind) -> String {
    switch kind {
    case .openLDAP: "OpenLDAP"
    case .directory389: "389 Directory Server"
    case .activeDirectory: "Active Directory"
    }
  }
}
