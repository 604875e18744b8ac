import RollcallEngine
import Sandbox
import Testing

/// Where the owners of groups stand.
extension GroupReferenceTests {
  /// The people's own rows may say it, also of a group that the person is no member of.
  @Test func aPersonsRowNamesTheGroup() async throws {
    let expression = "ARRAY(SELECT id FROM users WHERE users.leads = roster_group.name)"
    var settings = Self.settings(.openLDAP, expression)
    settings.schema += "\nALTER TABLE users ADD leads text;"
    try await Servers.withSite(.openLDAP, settings) { site in
      try await site.insert(["ann", "ben"])
      try await site.grant([(1, "crew"), (1, "deck")])
      try await site.sync()
      try await site.withDaemon {
        try await site.sql("UPDATE users SET leads = 'crew' WHERE id = 2")
        try await eventually("ben leads it") { try await Self.owners(site, .openLDAP) == ["crew>ben"] }
        try await site.sql("UPDATE users SET leads = 'deck' WHERE id = 2")
        try await eventually("he leads another one") { try await Self.owners(site, .openLDAP) == ["deck>ben"] }
        try await site.sql("UPDATE users SET leads = 'deck' WHERE id = 1")
        try await eventually("both lead it") { try await Self.owners(site, .openLDAP) == ["deck>ann+ben"] }
        try await site.sql("DELETE FROM users WHERE id = 2")
        try await eventually("one has gone") { try await Self.owners(site, .openLDAP) == ["deck>ann"] }
      }
      try await site.expectAtRest()
    }
  }

  /// A daemon that loses the directory looks at all groups when it is back.
  @Test func whatChangesMeanwhileIsFoundLater() async throws {
    try await Servers.withSite(.openLDAP, Self.settings(.openLDAP)) { site in
      try await site.insert(["ann", "ben"])
      try await site.grant([(1, "crew")])
      try await site.sql("INSERT INTO teams VALUES ('crew', 2)")
      try await site.sync()
      try await site.sql("UPDATE teams SET owner_id = 1; UPDATE users SET username = 'anna' WHERE id = 1")
      try await site.withDaemon {
        try await eventually("she owns it") { try await Self.owners(site, .openLDAP) == ["crew>anna"] }
      }
      try await site.expectAtRest()
    }
  }
}
