import LDAPModel
import RollcallConfiguration
import RollcallEngine
import Sandbox
import Testing

/// `password: { sql, follow: true }`, on each kind of server.
@Suite struct FollowedPasswordTests {
  @Test(arguments: Servers.kinds)
  func thePasswordOfTheTableIsThatOfTheDirectory(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD pw text;"
    settings.password = "pw"
    try await Servers.withSite(kind, settings) { first in
      let site = try first.changed(#"password: "pw""#, to: "password: { sql: pw, follow: true }")
      @Sendable func admits(_ key: Int, _ password: String) async throws -> Bool {
        let dn = try #require(try await site.entry(key)).dn.text
        return try await site.server.admits(dn, password: password)
      }
      try await site.insert(["ann", "ben", "cid"])
      try await site.sql("UPDATE users SET pw = 'First-Pw-' || id WHERE id < 3")
      try await site.sync()
      #expect(try await admits(1, "First-Pw-1"))
      try await site.expectAtRest()

      // Alone, and with other attributes in the same change.
      try await site.sql(
        "UPDATE users SET pw = 'Other-Pw-' || id, email = CASE id WHEN 2 THEN 'new@example.com' ELSE email END WHERE id < 3"
      )
      try await site.sync()
      #expect(try await admits(1, "Other-Pw-1"))
      #expect(try await admits(2, "Other-Pw-2"))
      // Active Directory takes the former one for another hour.
      if kind != .activeDirectory { #expect(try await !admits(1, "First-Pw-1")) }
      #expect(try await site.value("mail", of: 2) == "new@example.com")
      try await site.expectAtRest()

      // Of somebody who may not log in: it holds when she may again. A row without one leaves it as it is.
      try await site.sql(
        "UPDATE users SET status = 'left', pw = 'Third-Pw-1' WHERE id = 1; UPDATE users SET pw = NULL WHERE id = 2")
      try await site.sync()
      #expect(try await !admits(1, "Third-Pw-1"))
      try await site.expectAtRest()
      try await site.sql("UPDATE users SET status = 'active' WHERE id = 1")
      try await site.sync()
      #expect(try await admits(1, "Third-Pw-1"))
      #expect(try await admits(2, "Other-Pw-2"))
      try await site.expectAtRest()
      #expect(
        try await site.sql(
          "SELECT string_agg(action, ' ' ORDER BY id) FROM rollcall.journal WHERE key = '1' AND action = 'password'"
        )
        .contains("password"))
      #expect(try await site.sql("SELECT count(*) FROM rollcall.journal WHERE changes::text ~ 'Pw-'") == "0")
    }
  }

  /// Active Directory takes clear text only.
  @Test(arguments: Servers.kinds.filter { $0 != .activeDirectory })
  func hashesAreSentAsTheyAre(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD pw text;"
    settings.password = "pw"
    try await Servers.withSite(kind, settings) { first in
      let site = try first.changed(#"password: "pw""#, to: "password: { sql: pw, follow: true }")
      if kind == .directory389 {
        try await site.server.modify(
          "dn: cn=config\nchangetype: modify\nreplace: nsslapd-allow-hashed-passwords\nnsslapd-allow-hashed-passwords: on\n"
        )
      }
      try await site.insert(["ann"])
      try await site.sql("UPDATE users SET pw = '{SSHA}x9UXjdKZXIvwK/rZCSMCXj3oem9hYmNkZWZnaA=='")
      try await site.sync()
      #expect(try await site.parked() == [])
      try await site.sql("UPDATE users SET pw = '{SSHA}j9a9I5omhgqx19wJD3WOMB0+UdhhYmNkZWZnaA=='")
      try await site.sync()
      #expect(try await site.parked() == [])
      #expect(try await site.canLogIn(1))
      try await site.expectAtRest()
    }
  }

  /// The text of the hash would be the password: nobody's account is made, or changed, with it.
  @Test(arguments: Servers.kinds.filter { $0 == .activeDirectory }, [false, true])
  func activeDirectoryGetsNoHash(_ kind: DirectoryServerKind, follows: Bool) async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD pw text;"
    settings.password = "pw"
    try await Servers.withSite(kind, settings) { first in
      let site = follows ? try first.changed(#"password: "pw""#, to: "password: { sql: pw, follow: true }") : first
      try await site.insert(["ann", "ben"])
      try await site.sql("UPDATE users SET pw = CASE id WHEN 1 THEN '{SSHA}x9UXjdKZXIvwK/rZCSMC' ELSE 'First-Pw-2' END")
      try await site.sync()
      #expect(try await site.parked() == ["1|mapping"])
      #expect(try await site.entry(1) == nil)
      #expect(try await site.canLogIn(2))
      let message = try await site.sql("SELECT message FROM rollcall.parked")
      #expect(message.contains("is a hash") && !message.contains("SSHA"))
      let findings = try await site.check()
      #expect(findings.contains { $0.level == .warning && $0.message.hasPrefix("of person 1 is a hash") })
      #expect(!findings.contains { $0.message.contains("SSHA") })

      try await site.sql("UPDATE users SET pw = 'First-Pw-1' WHERE id = 1")
      try await site.sync()
      #expect(try await site.canLogIn(1))
      try await site.sql("UPDATE users SET pw = '{CRYPT}$6$salt$hash', status = 'left' WHERE id = 1")
      try await site.sync()
      #expect(try await !site.canLogIn(1), "disabling does not wait")
      #expect(try await site.parked() == ["1|mapping"])
      try await site.sql("UPDATE users SET pw = 'First-Pw-1', status = 'active' WHERE id = 1")
      try await site.sync()
      #expect(try await site.canLogIn(1))
    }
  }

  @Test func a389ThatRefusesHashes() async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD pw text;"
    settings.password = "pw"
    try await Servers.withSite(.directory389, settings, alone: true) { site in
      try await site.server.modify(
        "dn: cn=config\nchangetype: modify\nreplace: nsslapd-allow-hashed-passwords\nnsslapd-allow-hashed-passwords: off\n"
      )
      try await site.insert(["ann"])
      try await site.sql("UPDATE users SET pw = '{SSHA}x9UXjdKZXIvwK/rZCSMCXj3oem9hYmNkZWZnaA=='")
      try await site.sync()
      #expect(try await site.parked().count == 1)
      #expect(try await site.entry(1) == nil)
      let message = try await site.sql("SELECT message FROM rollcall.parked")
      #expect(message.contains("set nsslapd-allow-hashed-passwords: on") && !message.contains("SSHA"), "\(message)")
    }
  }
}
