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

  /// Active Directory may forbid it for one group.
  @Test(.enabled(if: Servers.kinds.contains(.activeDirectory)))
  func oneThatTheServerRefusesIsToldOf() async throws {
    let kind = DirectoryServerKind.activeDirectory
    let domain = try await Servers.shared.domain()
    try await Servers.withSite(kind, Self.settings(kind)) { site in
      try await site.insert(["ann", "ben", "cid", "dan"])
      try await site.grant([(3, "bow"), (3, "keel"), (3, "mast")])
      try await site.sync()
      let keel = "cn=keel,\(site.groupsBase)"
      try await domain.forbid(writing: "managedBy", of: keel)
      try await site.withDaemon {
        try await site.sql("INSERT INTO teams VALUES ('bow', 1), ('keel', 2), ('mast', 1)")
        try await eventually("the others have their owner") {
          try await Self.owners(site, kind) == ["bow>ann", "mast>ann"]
        }
        let problem = "SELECT code FROM rollcall.problem WHERE message LIKE '%cn=keel,%' AND message LIKE '%(50)%'"
        try await eventually("the problem names the group and the code") { try await site.sql(problem) == "mapping" }
        try await site.grant([(4, "keel")])
        try await site.sql("UPDATE teams SET owner_id = 4 WHERE name = 'mast'")
        try await eventually("the others go on") { try await Self.owners(site, kind) == ["bow>ann", "mast>dan"] }
        try await eventually("so do its members") { try await site.members("keel") == ["cid", "dan"] }
        #expect(try await site.parked() == [])
        // Nothing is wanted of it any more.
        try await site.sql("DELETE FROM teams WHERE name = 'keel'")
        try await eventually(within: .seconds(120), "the problem has gone") {
          try await site.sql("SELECT count(*) FROM rollcall.problem") == "0"
        }
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
