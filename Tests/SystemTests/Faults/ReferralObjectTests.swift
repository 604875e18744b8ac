import LDAPModel
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// G7: an answer about one object never stops the others, even one that a server that takes no writes gives, too.
@Suite struct ReferralObjectTests {
  private static let parked = "SELECT coalesce(string_agg(key, ',' ORDER BY key), '') FROM rollcall.parked"
  private static let message = "SELECT message FROM rollcall.parked"

  private static func inContainers(_ users: String = "") -> SiteSettings {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD department text;"
    settings.users += "\n  container: [{ ou: department }]" + users
    return settings
  }

  /// Its name is looked at first where entries are adopted.
  @Test(arguments: [false, true])
  func whoseContainerIsAReferralIsParkedAlone(_ adopts: Bool) async throws {
    let site = try await World.shared.site(Self.inContainers(adopts ? "\n  adopt: true" : ""))
    try await site.directory.modify(
      """
      dn: ou=Remote,\(site.base)
      changetype: add
      objectClass: referral
      objectClass: extensibleObject
      ou: Remote
      ref: ldap://127.0.0.1:9/ou=Remote,dc=example,dc=com
      """)
    try await site.withDaemon { daemon in
      // More of them than refusals that would open the breaker.
      try await site.sql(
        """
        INSERT INTO users SELECT n, 'r' || n, 'x', 'Remote', 'active', now(), 'Remote' FROM generate_series(1, 12) n;
        INSERT INTO users SELECT n, 'u' || n, 'x', 'Here', 'active', now(), NULL FROM generate_series(21, 40) n
        """)
      try await eventually("everybody else is there") { try await site.places().count == 20 }
      try await eventually("the others are parked") {
        try await site.sql(Self.parked).split(separator: ",").count == 12
      }
      let message = try await site.sql(Self.message + " WHERE key = '1'")
      #expect(message.contains("referral (10)"))
      #expect(message.contains("ldap://127.0.0.1:9/") && message.contains("ou=Remote,\(site.base)"))
      #expect(
        try await site.sql("SELECT count(*) FROM rollcall.parked WHERE next_at IS NULL") == "0", "all are tried again")
      try await site.sql("UPDATE users SET email = 'new' WHERE id > 20")
      try await eventually("work goes on") {
        try await site.people().count { $0["mail"].first?.text == "new" } == 20
      }
      #expect(try await daemon.statusText().hasPrefix("connected"))
      #expect(try await site.sql("SELECT count(*) FROM rollcall.problem") == "0")
      try await site.sql("UPDATE users SET department = 'Sales' WHERE id <= 12")
      try await eventually("they are elsewhere") { try await site.places().count == 32 }
      try await eventually("nobody is parked") { try await site.sql(Self.parked) == "" }
    }
    try await site.expectInStep()
  }

  /// A person's name and a container's, each with the answers that also concern all of a directory.
  @Test(arguments: ["uid=odd,", "ou=odd,"], [10, 50, 53, 80])
  func anAnswerAboutOneNamePausesNobody(_ name: String, _ code: Int) async throws {
    let world = try await World.shared
    let liar = try await LyingServer.start(before: world.directory.port)
    defer { liar.stop() }
    var settings = Self.inContainers("\n  adopt: true")
    settings.directoryPort = liar.port
    let site = try await world.site(settings)
    liar.lie { request in
      guard request.dn.hasPrefix(name), let tag = request.kind.answer else { return .truth }
      return .send(
        LDAPOctets.result(request.id, tag: tag, code: code, diagnostic: code == 53 ? "operation restricted" : ""))
    }
    let department = name == "ou=odd," ? "'odd'" : "NULL"
    try await site.withDaemon { daemon in
      try await site.sql(
        """
        INSERT INTO users VALUES
          (1, 'odd', 'x', 'Odd', 'active', now(), \(department)), (2, 'ben', 'x', 'Ben', 'active', now(), NULL)
        """)
      try await eventually("the other one is there") { try await site.names() == ["ben"] }
      try await eventually("it is said of the person") { try await site.sql(Self.parked) == "1" }
      #expect(try await site.sql(Self.message).contains("(\(code))"))
      try await site.sql("UPDATE users SET email = 'new' WHERE id = 2")
      try await eventually("work goes on") { try await site.value("mail", of: "2") == "new" }
      #expect(try await daemon.statusText().hasPrefix("connected"))
    }
    liar.lie { _ in .truth }
    try await site.sync(full: true)
    #expect(try await site.sql(Self.parked) == "")
    try await site.expectInStep()
  }

  /// slapd's `restrict` gives the answer of `readonly on`.
  @Test(arguments: ["rename", "delete", "modify"])
  func aServerWithOneOperationRestrictedTakesWrites(_ restricted: String) async throws {
    let world = try await World.shared
    var options = OpenLDAPOptions()
    options.durable = false
    options.databaseLines = ["restrict \(restricted)"]
    let server = try await DirectoryServer.start(in: world.folder, options: options)
    let number = ["rename": 7101, "delete": 7102, "modify": 7103][restricted] ?? 7104
    let site = try await Site.make(number: number, SiteSettings(), world.postgres, server)
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { daemon in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      switch restricted {
      case "rename": try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
      case "delete": try await site.sql("DELETE FROM users WHERE id = 1")
      default: try await site.sql("UPDATE users SET email = 'new' WHERE id = 1")
      }
      try await eventually("it is said of the person") { try await site.sql(Self.parked) == "1" }
      #expect(try await site.sql(Self.message).contains("operation restricted"))
      try await site.sql("INSERT INTO users VALUES (3, 'cid', 'x', 'Cid', 'active', now())")
      try await eventually("work goes on") { try await site.names() == ["ann", "ben", "cid"] }
      #expect(try await daemon.statusText().hasPrefix("connected"))
      #expect(try await site.sql("SELECT count(*) FROM rollcall.problem") == "0")
    }
    await server.stop()
  }
}
