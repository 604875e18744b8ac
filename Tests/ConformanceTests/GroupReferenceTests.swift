import LDAP
import LDAPModel
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration
@testable import RollcallLedger

/// `groups.references`, on each kind of server: who owns which group, under whatever name.
@Suite struct GroupReferenceTests {
  static func attribute(_ kind: DirectoryServerKind) -> String {
    kind == .activeDirectory ? "managedBy" : "owner"
  }

  /// People whose groups are rows of one table, and whose groups' owners are rows of another.
  static func settings(_ kind: DirectoryServerKind, _ expression: String? = nil) -> SiteSettings {
    let sql = expression ?? "(SELECT owner_id FROM teams WHERE teams.name = roster_group.name)"
    var settings = SiteSettings.groups(["references: { \(attribute(kind)): \"\(sql)\" }"])
    settings.schema += """

      CREATE TABLE teams (name text PRIMARY KEY, owner_id int, more int[]);
      SELECT rollcall.watch('public.teams', 'name');
      """
    settings.source = [
      "watch:", "  - { table: user_roles, key: user_id }",
      "  - { table: teams, key: name, keys: SELECT owner_id FROM teams JOIN changed USING (name) }",
    ]
    settings.users = [#"container: [{ ou: "NULLIF(split_part(email, '/', 2), '')" }]"#]
    settings.attributes = Profile.freelyNamed(kind)
    // The second look, after an operation's deadline, comes too late to make up for what was not noticed.
    settings.directory = ["timeout: 5m"]
    return settings
  }

  /// Who owns which group, `devs>ann+ben`; somebody who is no person is `devs>?`.
  static func owners(_ site: Site, _ kind: DirectoryServerKind) async throws -> [String] {
    let attribute = attribute(kind)
    let people = try await site.entries([site.naming, "employeeNumber"], .subtree, .present("employeeNumber"))
    let names = Dictionary(
      people.map { ($0.dn.normalized(.builtin), $0[site.naming].first?.text ?? "") }
    ) { first, _ in first }
    let groups = try await site.entries(["cn", attribute], below: site.groupsBase)
    return groups.filter { !$0[attribute].isEmpty }.map { group in
      let owners = group[attribute].map {
        names[DistinguishedName(unchecked: $0.text ?? "").normalized(.builtin)] ?? "?"
      }
      return "\(group["cn"].first?.text ?? "")>\(owners.sorted().joined(separator: "+"))"
    }.sorted()
  }

  static func planned(_ site: Site) async throws -> [String] {
    let configuration = site.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      let steps = try await Rehearsal(engine).run([]).plan.sequences.flatMap(\.steps)
      return steps.filter { $0.what != .password && $0.what != .enable }.map { "\($0.what.rawValue) \($0.key)" }
    }
  }

  static func explained(_ site: Site, _ key: Int) async throws -> String {
    let configuration = site.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      return await Explainer(engine).explain(RosterKey("\(key)")).steps.first { $0.name == .mapping }?.text ?? ""
    }
  }

  @Test(arguments: Servers.kinds)
  func whoOwnsWhichGroupFollowsEveryName(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, Self.settings(kind)) { site in
      // An owner need not be a member, and need not be there.
      try await site.insert(["ann", "ben", "cid"])
      try await site.grant([(2, "crew"), (3, "crew"), (3, "deck")])
      try await site.sql("INSERT INTO teams VALUES ('crew', 1), ('deck', 99)")
      try await site.sync()
      #expect(try await Self.owners(site, kind) == ["crew>ann"])
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
      let attribute = Self.attribute(kind)
      let without = try await Self.explained(site, 3)
      #expect(without.contains("cn=deck,\(site.groupsBase) without \(attribute): key 99 has no entry"), "\(without)")
      let own = try await Self.explained(site, 1)
      #expect(own.contains("; \(attribute) of cn=crew,"), "\(own)")
      // The owner comes.
      try await site.insert(["zoe"], from: 99)
      #expect(try await Self.planned(site) == ["create 99", "refer cn=deck"])
      try await site.sync()
      #expect(try await Self.owners(site, kind) == ["crew>ann", "deck>zoe"])
      try await site.expectAtRest()
      // She gets another name, and another place; Active Directory follows that itself.
      try await site.sql("UPDATE users SET username = 'Zo, \"z\"' WHERE id = 99")
      let renamed = kind == .activeDirectory ? ["rename 99"] : ["rename 99", "refer cn=deck"]
      #expect(try await Self.planned(site) == renamed)
      try await site.sync()
      #expect(try await Self.owners(site, kind) == ["crew>ann", "deck>Zo, \"z\""])
      try await site.sql("UPDATE users SET email = 'z/staff', username = 'zed' WHERE id = 99")
      try await site.sync()
      #expect(try await Self.owners(site, kind) == ["crew>ann", "deck>zed"])
      // Two exchange their names.
      try await site.sql("UPDATE users SET username = CASE id WHEN 1 THEN 'ben' ELSE 'ann' END WHERE id < 3")
      try await site.sync()
      #expect(try await Self.owners(site, kind) == ["crew>ben", "deck>zed"])
      try await site.expectAtRest()
      // She goes, and comes back.
      try await site.sql("DELETE FROM users WHERE id = 99")
      try await site.sync()
      #expect(try await Self.owners(site, kind) == ["crew>ben"])
      try await site.expectAtRest()
      try await site.insert(["zoe"], from: 99)
      try await site.sync()
      #expect(try await Self.owners(site, kind) == ["crew>ben", "deck>zoe"])
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
    }
  }

  /// The daemon notices rows of the table that names the owners, also where nobody owns the group any more.
  @Test(arguments: Servers.kinds)
  func anotherOwnerIsNoticed(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, Self.settings(kind)) { site in
      try await site.withDaemon {
        try await site.insert(["ann", "ben"])
        try await site.grant([(1, "rowers"), (2, "rowers")])
        try await eventually("the group is there") { try await site.members("rowers") == ["ann", "ben"] }
        try await site.sql("INSERT INTO teams VALUES ('rowers', 2)")
        try await eventually("it has an owner") { try await Self.owners(site, kind) == ["rowers>ben"] }
        try await site.sql("UPDATE teams SET owner_id = 1")
        try await eventually("it has another owner") { try await Self.owners(site, kind) == ["rowers>ann"] }
        try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
        try await eventually("she has another name") { try await Self.owners(site, kind) == ["rowers>anna"] }
        try await site.sql("UPDATE teams SET owner_id = NULL")
        try await eventually("nobody owns it") { try await Self.owners(site, kind) == [] }
        try await site.sql("UPDATE teams SET owner_id = 2")
        try await eventually("somebody owns it again") { try await Self.owners(site, kind) == ["rowers>ben"] }
        try await site.sql("DELETE FROM teams")
        try await eventually("the row has gone") { try await Self.owners(site, kind) == [] }
        // Made anew, it has its owner.
        try await site.sql("INSERT INTO teams VALUES ('rowers', 2); DELETE FROM user_roles")
        try await eventually("the group has gone") { try await site.members("rowers") == nil }
        try await site.grant([(1, "rowers")])
        try await eventually("the group is there with its owner") {
          try await Self.owners(site, kind) == ["rowers>ben"]
        }
      }
      try await site.expectAtRest()
      // Each is in the journal with the transaction of the table, under the group's DN.
      let rows = """
        SELECT count(*) > 5, bool_and(xid IS NOT NULL), bool_and(key IS NULL), bool_and(dn LIKE 'cn=rowers,%'),
          bool_and(changes::text LIKE '{"\(Self.attribute(kind))":%') FROM rollcall.journal WHERE action = 'refer'
        """
      try await eventually("the journal has them") { try await site.sql(rows) == "t|t|t|t|t" }
    }
  }

  /// Active Directory refuses the DN of nobody. Owners who are renamed just then, or come later, are nobody's failure.
  @Test(arguments: Servers.kinds)
  func aLoadOfOwnersWhoAreRenamed(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, Self.settings(kind)) { site in
      let all = 60
      try await site.sql(
        "INSERT INTO teams SELECT 'boat' || id, id * 7 % \(all) + 1 FROM generate_series(1, \(all), 4) AS id")
      try await site.withDaemon {
        for first in stride(from: 1, to: all, by: 20) {
          try await site.sql(
            """
            INSERT INTO user_roles SELECT id, 'boat' || (id - 1) / 4 * 4 + 1 FROM generate_series(\(first), \(first + 19)) AS id;
            INSERT INTO users (id, username, email, full_name, status)
            SELECT id, 'p' || id, 'x', 'P ' || id, 'active' FROM generate_series(\(first), \(first + 19)) AS id
            """)
          try await site.sql("UPDATE users SET username = 'q' || id WHERE id % 3 = 0 AND username LIKE 'p%'")
        }
        try await site.sql("UPDATE users SET username = CASE id % 2 WHEN 0 THEN 'r' ELSE 's' END || id / 2")
        let wanted = try await site.sql(
          """
          SELECT t.name || '>' || u.username FROM teams AS t JOIN users AS u ON u.id = t.owner_id
          ORDER BY (t.name || '>' || u.username) COLLATE "C"
          """)
        try await eventually(within: .seconds(120), "each group has its owner's name") {
          try await Self.owners(site, kind).joined(separator: "\n")
        } is: {
          $0 == wanted
        }
      }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.journal WHERE action = 'park'") == "0")
      try await site.expectAtRest()
    }
  }

  /// Several owners; of those that others have given the group, only the values that name people are Rollcall's.
  @Test(arguments: Servers.kinds.filter { $0 != .activeDirectory })
  func whatIsNobodysStays(_ kind: DirectoryServerKind) async throws {
    let several = "(SELECT owner_id || more FROM teams WHERE teams.name = roster_group.name)"
    try await Servers.withSite(kind, Self.settings(kind, several)) { site in
      try await site.insert(["ann", "ben", "cid"])
      try await site.grant([(3, "crew")])
      try await site.sql("INSERT INTO teams VALUES ('crew', 1, '{2,77,2}')")
      try await site.sync()
      #expect(try await Self.owners(site, kind) == ["crew>ann+ben"])
      let group = "cn=crew,\(site.groupsBase)"
      // A service account, a person whom no row names, and one who has gone.
      try await site.server.modify(
        """
        dn: \(group)
        changetype: modify
        add: owner
        owner: \(site.server.accountDN)
        owner: uid=cid,\(site.base)
        owner: uid=former,\(site.base)
        """)
      #expect(try await Self.planned(site) == ["refer cn=crew"])
      try await site.sync(full: true)
      #expect(try await Self.owners(site, kind) == ["crew>?+ann+ben"])
      try await site.expectAtRest()
      try await site.sql("DELETE FROM teams")
      try await site.sync()
      #expect(try await Self.owners(site, kind) == ["crew>?"])
      try await site.expectAtRest()
    }
  }

  /// No row of the ledger is needed: whoever starts looks at all groups.
  @Test func aKilledProcessLosesNothing() async throws {
    try await Servers.withSite(.openLDAP, Self.settings(.openLDAP)) { site in
      try await site.insert(["ann", "ben"])
      try await site.grant([(1, "crew")])
      try await site.sql("INSERT INTO teams VALUES ('crew', 2)")
      try await site.sync()
      // As after a crash between the rename, which is settled, and the look at the groups.
      try await site.server.modify(
        "dn: cn=crew,\(site.groupsBase)\nchangetype: modify\nreplace: owner\nowner: uid=bob,\(site.base)\n")
      try await site.sync()
      #expect(try await Self.owners(site, .openLDAP) == ["crew>ben"])
      try await site.expectAtRest()
    }
  }

  /// `check` names each mistake with its key, before anything is written.
  @Test func checkFindsMistakes() async throws {
    var settings = Self.settings(.openLDAP)
    let row = "FROM teams WHERE teams.name = roster_group.name"
    settings.groups?[1] = """
      references: { owner: "(SELECT name \(row))", description: "(SELECT owner_id \(row))", manager: 1, seeAlso: nothing }
      """
    try await Servers.withSite(.openLDAP, settings) { site in
      let errors = try await site.check().filter { $0.level == .error }.map(\.message)
      #expect(
        errors.sorted()
          == [
            "\"description\" does not have the DNs of entries (its syntax is 1.3.6.1.4.1.1466.115.121.1.15)",
            "column \"nothing\" does not exist",
            "does not give keys: source.key is of type int4, and the expression of another",
            "none of the classes groupOfNames allows \"manager\"",
          ].sorted(), "\(errors)")
      await #expect(throws: EngineError.self) { try await site.sync() }
    }
  }

  /// A table that names owners has to be watched.
  @Test func aTableThatIsNotWatchedIsRefused() async throws {
    var settings = Self.settings(.openLDAP)
    settings.source = ["watch: [{ table: user_roles, key: user_id }]"]
    try await Servers.withSite(.openLDAP, settings) { site in
      let error = await #expect(throws: EngineError.self) { try await site.sync() }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.contains("groups.references.owner") && text.contains("public.teams (name, owner_id)"), "\(text)")
    }
  }

  /// Where the expression fails for a group, or gives something else than keys, its owner stays, and others are not delayed.
  @Test func anExpressionThatFailsRemovesNothing() async throws {
    let failing = "(SELECT owner_id / (owner_id - 2) * (owner_id - 2) FROM teams WHERE teams.name = roster_group.name)"
    try await Servers.withSite(.openLDAP, Self.settings(.openLDAP, failing)) { site in
      try await site.insert(["ann", "ben", "cid", "dan"])
      try await site.grant([(1, "crew"), (1, "deck"), (1, "engine")])
      try await site.sql("INSERT INTO teams VALUES ('crew', 3), ('deck', 3), ('engine', 3)")
      try await site.sync()
      #expect(try await Self.owners(site, .openLDAP) == ["crew>cid", "deck>cid", "engine>cid"])
      try await site.sql("UPDATE teams SET owner_id = CASE name WHEN 'deck' THEN 2 ELSE 1 END")
      let error = await #expect(throws: EngineError.self) { try await site.sync() }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.contains("groups.references fails for cn=deck,\(site.groupsBase): division by zero"), "\(text)")
      #expect(try await Self.owners(site, .openLDAP) == ["crew>ann", "deck>cid", "engine>ann"])
      let problem = "SELECT code, message LIKE '%fails for cn=deck,%' FROM rollcall.problem"
      #expect(try await site.sql(problem) == "mapping|t")
      try await site.sql("UPDATE teams SET owner_id = 3")
      try await site.sync()
      #expect(try await Self.owners(site, .openLDAP) == ["crew>cid", "deck>cid", "engine>cid"])
      #expect(try await site.sql("SELECT count(*) FROM rollcall.problem") == "0")
      try await site.expectAtRest()
    }
  }
}
