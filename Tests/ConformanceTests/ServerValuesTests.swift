import LDAPModel
import Reactor
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallConfiguration

/// Values that Active Directory gives, keeps or spells in its own way.
@Suite(.enabled(if: SambaDomain.obstacle == nil, "Samba's fixed ports must be free and open to us"))
struct ServerValuesTests {
  private static func settings(_ attributes: [String], _ columns: String) -> SiteSettings {
    var settings = SiteSettings()
    settings.attributes = Profile.of(.activeDirectory).attributes + attributes
    settings.schema += "ALTER TABLE users \(columns);"
    return settings
  }

  /// The step that sets the password sets the time of the password too.
  @Test func whatIsSetWhenAnEntryIsMadeIsWhatIsThere() async throws {
    var settings = SiteSettings()
    settings.users = ["create_only: { pwdLastSet: \"'0'\", userAccountControl: \"'66048'\", info: \"'made'\" }"]
    try await Servers.withSite(.activeDirectory, settings) { site in
      try await site.insert(["ann", "ben"])
      try await site.sql("UPDATE users SET status = 'left' WHERE id = 2")
      try await site.sync()
      #expect(try await site.value("pwdLastSet", of: 1) == "0")
      #expect(try await site.value("userAccountControl", of: 1) == "66048")
      #expect(try await site.value("userAccountControl", of: 2) == "66050")
      #expect(try await site.value("pwdLastSet", of: 2) == "0")
      #expect(try await site.value("info", of: 1) == "made")
      try await site.expectAtRest()
    }
  }

  @Test func whatIsAlwaysThereGoesToItsNone() async throws {
    let settings = ServerValuesTests.settings(
      ["accountExpires: expires", "countryCode: country"], "ADD expires timestamptz, ADD country int")
    try await Servers.withSite(.activeDirectory, settings) { site in
      try await site.insert(["ann", "ben"])
      try await site.sql("UPDATE users SET expires = '2027-03-31 21:59:59+00', country = 49 WHERE id = 1")
      try await site.sync()
      #expect(try await site.value("accountExpires", of: 1) == "134510039990000000")
      #expect(try await site.value("accountExpires", of: 2) == "9223372036854775807")
      #expect(try await site.value("countryCode", of: 1) == "49")
      try await site.expectAtRest()
      try await site.sql("UPDATE users SET expires = NULL, country = NULL, full_name = 'New ' || id")
      try await site.sync()
      #expect(try await site.parked() == [])
      #expect(try await site.value("accountExpires", of: 1) == "9223372036854775807")
      #expect(try await site.value("countryCode", of: 1) == "0")
      #expect(try await site.value("displayName", of: 1) == "New 1")
      try await site.expectAtRest()
    }
  }

  @Test func anAccountNameThatTheRowDoesNotGiveStays() async throws {
    let settings = SiteSettings()
    try await Servers.withSite(.activeDirectory, settings) { site in
      try await site.insert(["ann"])
      try await site.sync()
      let without = try site.changed(
        "sAMAccountName: \(Profile.unique("username"))", to: "sAMAccountName: nullif(1, 1)::text")
      try await site.sql("UPDATE users SET full_name = 'New name'")
      try await without.sync()
      #expect(try await site.parked() == [])
      #expect(try await site.value("sAMAccountName", of: 1) == "ann.\(site.name)")
      #expect(try await site.value("displayName", of: 1) == "New name")
      try await without.expectAtRest()
      #expect(try await without.check().contains { $0.level == .warning && $0.message.contains("sAMAccountName") })
    }
  }

  @Test func momentsHaveTheServersForm() async throws {
    let settings = ServerValuesTests.settings(["msTSExpireDate: expires"], "ADD expires timestamptz")
    try await Servers.withSite(.activeDirectory, settings) { site in
      try await site.insert(["ann", "ben"])
      try await site.sql("UPDATE users SET expires = '2027-03-31 21:59:59.25+00' WHERE id = 1")
      try await site.sync()
      #expect(try await site.parked() == [])
      #expect(try await site.value("msTSExpireDate", of: 1) == "20270331215959.0Z")
      try await site.expectAtRest()
      try await site.sql("UPDATE users SET expires = '2028-02-29 01:00+02'")
      try await site.sync()
      #expect(try await site.value("msTSExpireDate", of: 1) == "20280228230000.0Z")
      try await site.sql("UPDATE users SET expires = NULL")
      try await site.sync()
      #expect(try await site.value("msTSExpireDate", of: 1) == nil)
      try await site.expectAtRest()
    }
  }

  @Test func aColumnWithoutAZoneIsNamed() async throws {
    let settings = ServerValuesTests.settings(
      ["msTSExpireDate: expires", "accountExpires: last_day"], "ADD expires timestamp, ADD last_day date")
    try await Servers.withSite(.activeDirectory, settings) { site in
      let errors = try await site.check().filter { $0.level == .error }
      #expect(errors.count == 2)
      let first = try #require(errors.first { $0.message.contains("msTSExpireDate") })
      #expect(first.message.contains("but expires is timestamp without time zone"))
      #expect(first.remedy?.contains("expires AT TIME ZONE 'Europe/Berlin'") == true)
      let second = try #require(errors.first { $0.message.contains("accountExpires") })
      #expect(second.message.contains("last_day is date"))
      #expect(second.remedy?.contains("last_day::timestamp AT TIME ZONE") == true)
    }
  }
}

/// One attribute that a server refuses keeps no other from being written.
@Suite struct RefusedAttributeTests {
  @Test(arguments: Servers.kinds)
  func theOthersAreWritten(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    let column = kind == .activeDirectory ? "accountExpires" : "mail"
    if kind == .activeDirectory {
      settings.attributes = Profile.of(kind).attributes + ["accountExpires: remark"]
      settings.schema += "ALTER TABLE users ADD remark text;"
    }
    let whole = kind == .activeDirectory ? "displayName" : "cn"
    try await Servers.withSite(kind, settings) { site in
      try await site.insert(["ann"])
      try await site.sync()
      let bad = kind == .activeDirectory ? "remark = 'soon'" : "email = 'ü@x'"
      try await site.sql("UPDATE users SET \(bad), full_name = 'New name'")
      try await site.sync()
      #expect(try await site.parked() == ["1|schema"])
      let message = try await site.sql("SELECT message FROM rollcall.parked")
      // Once the others are written, a second look names the attribute alone.
      #expect(message.contains(column), "\(message)")
      #expect(try await site.value(whole, of: 1) == "New name")
      #expect(try await site.value("sn", of: 1) == "name")
      let good = kind == .activeDirectory ? "remark = NULL" : "email = 'u@x'"
      try await site.sql("UPDATE users SET \(good)")
      try await site.sync()
      try await site.expectAtRest()
    }
  }
}
