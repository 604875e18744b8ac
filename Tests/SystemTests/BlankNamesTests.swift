import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// A name that is blank, or that the server takes for none, concerns whoever has it and nobody else.
@Suite struct BlankNamesTests {
  private static let parked = "SELECT string_agg(key || ' ' || reason, ',' ORDER BY key) FROM rollcall.parked"

  @Test(arguments: [" ", "\u{A0}", "   "])
  func aBlankRoleIsRefusedAlone(_ blank: String) async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { daemon in
      try await site.grant([(1, blank), (1, "devs"), (2, "ops")])
      try await eventually("everything else flows") {
        let devs = try await site.members("devs")
        let ops = try await site.members("ops")
        return devs == ["ann"] && ops == ["ben"]
      }
      try await eventually("it is said of the person") { try await site.sql(Self.parked) == "1 group" }
      #expect(try await site.sql("SELECT message FROM rollcall.parked").contains("a group whose name is blank"))
      #expect(try await site.groupNames() == ["devs", "ops"])
      #expect(try await daemon.statusText().hasPrefix("connected"))
    }
    try await site.sync(full: true)
    #expect(try await site.sql(Self.parked) == "1 group")
    let plan = try await site.plan()
    #expect(plan.parked.map(\.key) == ["1"] && plan.plan.sequences.isEmpty)
    try await site.sql("DELETE FROM user_roles WHERE role <> 'devs' AND user_id = 1")
    try await site.sync()
    #expect(try await site.sql(Self.parked) == "")
    try await site.expectInStep()
  }

  /// What an older version has made: the group of the blank name, known to the ledger by its canonical form only.
  @Test func theBlankGroupOfAnOlderVersionStopsNobody() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann", "ben"])
    try await site.sync()
    try await site.directory.modify(
      """
      dn: cn=\\20,\(site.groupsBase)
      changetype: add
      objectClass: groupOfNames
      cn:: IA==
      member: uid=ann,\(site.base)
      """)
    try await site.sql(
      """
      INSERT INTO rollcall.managed_group (directory, dn, made, compared)
      VALUES ('\(site.name)', 'cn=,\(site.groupsBase)', true, true);
      INSERT INTO user_roles VALUES (1, ' '), (2, 'ops');
      """)
    try await site.sync(full: true)
    #expect(try await site.members("ops") == ["ben"])
    #expect(try await site.sql(Self.parked) == "1 group")
    try await site.sql("DELETE FROM user_roles WHERE role = ' '")
    try await site.sync(full: true)
    #expect(try await site.sql(Self.parked) == "")
  }

  /// Any answer about one group concerns those who are to be in it.
  @Test(arguments: [10, 34, 32, 50, 64, 53, 80])
  func anAnswerAboutOneGroupPausesNobody(_ code: Int) async throws {
    let world = try await World.shared
    let liar = try await LyingServer.start(before: world.directory.port)
    defer { liar.stop() }
    var settings = SiteSettings.groups()
    settings.directoryPort = liar.port
    let site = try await world.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.sync()
    liar.lie { request in
      guard request.dn.hasPrefix("cn=odd,"), let tag = request.kind.answer else { return .truth }
      return .send(LDAPOctets.result(request.id, tag: tag, code: code))
    }
    try await site.withDaemon { daemon in
      try await site.grant([(1, "odd"), (1, "devs"), (2, "ops")])
      try await eventually("everything else flows") {
        let devs = try await site.members("devs")
        let ops = try await site.members("ops")
        return devs == ["ann"] && ops == ["ben"]
      }
      try await eventually("it is said of the person") {
        try await site.sql("SELECT string_agg(key, ',') FROM rollcall.parked") == "1"
      }
      #expect(try await site.sql("SELECT message FROM rollcall.parked").contains("(\(code))"))
      #expect(try await !site.sql("SELECT message FROM rollcall.parked").contains("(\(code)) (\(code))"))
      #expect(try await daemon.statusText().hasPrefix("connected"))
    }
    liar.lie { _ in .truth }
    try await site.sync(full: true)
    #expect(try await site.members("odd") == ["ann"])
    try await site.expectInStep()
  }

  /// Only names as they are spelled are sent: their canonical form is for comparison.
  @Test func groupsKeepTheirSpellingThroughARestart() async throws {
    let site = try await World.shared.site(.groups("empty: delete"))
    try await site.insert(["ann"])
    try await site.grant([(1, "R&D,  West")])
    try await site.sync()
    #expect(
      try await site.sql("SELECT name FROM rollcall.managed_group") == "cn=R&D\\,  West,\(site.groupsBase)")
    try await site.sql("DELETE FROM user_roles")
    try await site.sync(full: true)
    #expect(try await site.groupNames() == [])
  }

  @Test func aBlankUserNameIsParkedWithItsReason() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.sql("INSERT INTO users VALUES (2, ' ', 'x@example.com', 'Blank Name', 'active', now())")
    try await site.sync()
    #expect(try await site.names() == ["ann"])
    #expect(try await site.sql(Self.parked) == "2 name-missing")
    #expect(
      try await site.sql("SELECT message FROM rollcall.parked")
        == "person 2 has a blank value for uid, which names the entry: give the row one with more than spaces")
  }
}
