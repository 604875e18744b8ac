import LDAP
import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// `groups.references` where the server refuses one group, and where a connection is lost in the middle of a look.
@Suite struct GroupReferenceFaultTests {
  /// Why the server does not take the owner of one group.
  enum Refusal: String, CaseIterable, Sendable {
    /// The overlay constraint, as long as the person has a mark: 19.
    case constraint = "19"
    /// No class of the group allows it: 65.
    case schema = "65"
    /// The account may not write it, as long as the group has a mark: 50.
    case access = "50"
  }

  private static let row = "(SELECT owner_id FROM teams WHERE teams.name = roster_group.name)"

  static func settings(_ lines: String = "") -> SiteSettings {
    var settings = SiteSettings.groups("references: { owner: \"\(row)\" }\n\(lines)")
    settings.schema += "CREATE TABLE teams (name text PRIMARY KEY, owner_id int);"
    settings.watch += "; SELECT rollcall.watch('public.teams', 'name')"
    settings.source = """
      active: status = 'active'
        watch:
          - { table: user_roles, key: user_id }
          - { table: teams, key: name, keys: SELECT owner_id FROM teams JOIN changed USING (name) }
      """
    return settings
  }

  /// Who owns which group, `devs>ann`, sorted.
  static func owners(_ site: Site) async throws -> [String] {
    let groups = try await site.search(site.groupsBase, .oneLevel, ["cn", "owner"])
    return groups.filter { !$0["owner"].isEmpty }.map { group in
      let names = group["owner"].map { owner in
        let name = DistinguishedName(unchecked: owner.text ?? "")
        return name.first?.parts.first?.value.text ?? owner.text ?? ""
      }
      return "\(group["cn"].first?.text ?? "")>\(names.sorted().joined(separator: "+"))"
    }.sorted()
  }

  private static func server(in folder: TemporaryFolder) async throws -> DirectoryServer {
    var options = OpenLDAPOptions()
    options.durable = false
    options.globalLines = [
      "moduleload constraint",
      "objectclass ( 1.3.6.1.4.1.4203.666.9 NAME 'plainGroup' SUP top STRUCTURAL MUST ( cn $ member ) )",
    ]
    options.databaseLines = [
      "overlay constraint",
      "constraint_attribute owner uri ldap:///ou=users,\(options.suffix)?entryDN?sub?(!(description=marked))",
    ]
    options.access = [
      "access to dn.subtree=\"ou=groups,\(options.suffix)\" filter=(description=marked) attrs=owner by * read"
    ]
    return try await DirectoryServer.start(in: folder, options: options)
  }

  @Test(
    "a group that the server refuses is told of with its name, its members and others go on, and it is tried again",
    arguments: Refusal.allCases)
  func oneIsRefused(_ refusal: Refusal) async throws {
    try await TemporaryFolder.with { folder in
      let server = try await Self.server(in: folder)
      let site = try await World.shared.site(Self.settings("adopt: [deck]"), at: server)
      let deck = "cn=deck,\(site.groupsBase)"
      try await site.insert(["ann", "ben", "cid", "dan"])
      if refusal == .schema {
        try await server.modify("dn: \(deck)\nchangetype: add\nobjectClass: plainGroup\ncn: deck\nmember: uid=x\n")
      }
      try await site.grant([(3, "crew"), (3, "deck"), (3, "rope")])
      try await site.sync()
      let marked = refusal == .constraint ? "uid=ben,\(site.base)" : deck
      if refusal != .schema {
        try await server.modify("dn: \(marked)\nchangetype: modify\nadd: description\ndescription: marked\n")
      }
      try await site.withDaemon { _ in
        try await site.sql("INSERT INTO teams VALUES ('crew', 1), ('deck', 2), ('rope', 1)")
        try await eventually("the others have their owner") { try await Self.owners(site) == ["crew>ann", "rope>ann"] }
        let problem =
          "SELECT code FROM rollcall.problem WHERE message LIKE '%\(deck)%' AND message LIKE '%(\(refusal.rawValue))%'"
        try await eventually("the problem names the group and the code") { try await site.sql(problem) == "mapping" }
        // While it is refused.
        try await site.grant([(4, "deck")])
        try await site.sql("UPDATE teams SET owner_id = 4 WHERE name = 'rope'")
        try await eventually("the others go on") { try await Self.owners(site) == ["crew>ann", "rope>dan"] }
        try await eventually("so do its members") {
          try await site.members("deck")?.contains("dan") == true
        }
        try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
        try await eventually("a name is followed") { try await Self.owners(site) == ["crew>anna", "rope>dan"] }
        #expect(try await site.sql("SELECT count(*) FROM rollcall.parked") == "0")
        let change =
          refusal == .schema ? "add: objectClass\nobjectClass: extensibleObject" : "delete: description"
        try await server.modify("dn: \(marked)\nchangetype: modify\n\(change)\n")
        try await eventually(within: .seconds(120), "it has its owner by itself") {
          try await Self.owners(site) == ["crew>anna", "deck>ben", "rope>dan"]
        }
        try await eventually("the problem has gone") {
          try await site.sql("SELECT count(*) FROM rollcall.problem") == "0"
        }
      }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.journal WHERE action = 'park'") == "0")
      try await site.expectInStep()
      await server.stop()
    }
  }

  @Test(
    "G13: a connection that is lost at any write of a look loses and doubles nothing, and the journal has each change",
    arguments: [1, 2, 7, 12].flatMap { [LDAPTap.Point.request($0), .answer($0)] })
  func lostInTheMiddle(_ point: LDAPTap.Point) async throws {
    let tap = try await LDAPTap(to: World.shared.directory.port)
    defer { tap.stop() }
    var settings = Self.settings()
    settings.directoryURLs = ["ldap://127.0.0.1:\(tap.port)"]
    // Whoever waits for an answer is not to give up first.
    settings.directory = "timeout: 60s"
    let site = try await World.shared.site(settings)
    let groups = (1...12).map { String("abcdefghijkl".dropFirst($0 - 1).prefix(1)) }
    try await site.insert(["ann", "ben", "cid"])
    try await site.grant(groups.map { (3, $0) })
    try await site.sync()
    try await site.withDaemon { _ in
      tap.arm(point)
      let rows = groups.map { "('\($0)', 1)" }.joined(separator: ", ")
      try await site.sql("INSERT INTO teams VALUES \(rows)")
      try await eventually("the look is at \(point)") { tap.isReached }
      // Meanwhile one owner gets another name, and two groups get another owner.
      try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
      try await site.sql("UPDATE teams SET owner_id = 2 WHERE name IN ('a', 'l')")
      tap.letGo()
      let wanted = groups.map { $0 + (["a", "l"].contains($0) ? ">ben" : ">anna") }
      try await eventually(within: .seconds(60), "each group has its owner") {
        try await Self.owners(site)
      } is: {
        $0 == wanted
      }
    }
    #expect(try await site.sql("SELECT count(*) FROM rollcall.parked") == "0")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.problem") == "0")
    // Each first owner was written, and that is in the journal, also where nobody heard of it.
    let silent = try await site.sql(
      """
      SELECT string_agg(name, ' ') FROM teams WHERE name NOT IN ('a', 'l') AND NOT EXISTS (
        SELECT FROM rollcall.journal WHERE action = 'refer' AND outcome IN ('done', 'unknown')
          AND dn LIKE 'cn=' || name || ',%')
      """)
    #expect(silent == "", "\(point)")
    if case .answer(let number) = point {
      let unknown = try await site.sql("SELECT count(*) > 0 FROM rollcall.journal WHERE outcome = 'unknown'")
      #expect(unknown == "t", "write \(number) was carried out, and nobody has heard of it")
    }
    try await site.expectInStep()
  }
}
