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

/// `references`, on each kind of server: whoever is a manager of whom, under whatever name.
@Suite struct ReferenceTests {
  private static func settings(_ kind: DirectoryServerKind) -> SiteSettings {
    var settings = SiteSettings()
    settings.schema += "\nALTER TABLE users ADD COLUMN manager_id bigint, ADD COLUMN helpers bigint[];"
    // seeAlso has several values on every server; of Active Directory's classes none allows it for a user.
    settings.users = [
      kind == .activeDirectory
        ? "references: { manager: manager_id }" : "references: { manager: manager_id, seeAlso: helpers }",
      #"container: [{ ou: "NULLIF(split_part(email, '/', 2), '')" }]"#,
    ]
    settings.attributes = Profile.freelyNamed(kind)
    return settings
  }

  /// Who is whose manager, `ann>ben` in the order of the keys; a manager who is nobody's entry is `ann>?`.
  private static func managers(_ site: Site) async throws -> [String] {
    try await names(site, "manager")
  }

  private static func names(_ site: Site, _ attribute: String) async throws -> [String] {
    let entries = try await site.entries(
      [site.naming, "employeeNumber", attribute], .subtree, .present("employeeNumber"))
    let people = Dictionary(
      entries.map { ($0.dn.normalized(.builtin), $0[site.naming].first?.text ?? "") }
    ) { first, _ in first }
    return entries.filter { !$0[attribute].isEmpty }.map { entry in
      let others = entry[attribute].map { value in
        people[DistinguishedName(unchecked: value.text ?? "").normalized(.builtin)] ?? "?"
      }
      return "\(entry[site.naming].first?.text ?? "")>\(others.sorted().joined(separator: "+"))"
    }.sorted()
  }

  /// What `plan` would do, without the steps that set a first password.
  private static func planned(_ site: Site) async throws -> [String] {
    let configuration = site.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      let steps = try await Rehearsal(engine).run([]).plan.sequences.flatMap(\.steps)
      return steps.filter { $0.what != .password && $0.what != .enable }.map { "\($0.what.rawValue) \($0.key)" }
    }
  }

  /// What `explain` says of the mapping.
  private static func explained(_ site: Site, _ key: Int) async throws -> String {
    let configuration = site.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      return await Explainer(engine).explain(RosterKey("\(key)")).steps.first { $0.name == .mapping }?.text ?? ""
    }
  }

  /// `check` names each mistake with its key, before anything is written.
  @Test func checkFindsMistakes() async throws {
    var settings = Self.settings(.openLDAP)
    settings.users = ["references: { title: manager_id, manager: full_name, secretary: helpers, aliasedObjectName: 1 }"]
    try await Servers.withSite(.openLDAP, settings) { site in
      let errors = try await site.check().filter { $0.level == .error }.map(\.message)
      #expect(
        errors.sorted()
          == [
            "\"title\" does not have the DNs of entries (its syntax is 1.3.6.1.4.1.1466.115.121.1.15)",
            "does not give keys: source.key is of type int4, and the expression of another",
            "none of the classes inetOrgPerson allows \"aliasedObjectName\"",
          ].sorted(), "\(errors)")
      await #expect(throws: EngineError.self) { try await site.sync() }
    }
  }

  /// Values that are no keys would match nobody, and every value that is there would go.
  @Test func anExpressionOfAnotherTypeRemovesNothing() async throws {
    try await Servers.withSite(.openLDAP, Self.settings(.openLDAP)) { site in
      try await site.insert(["ann", "ben"])
      try await site.sql("UPDATE users SET manager_id = 1")
      try await site.sync()
      try await site.sql("ALTER TABLE users ALTER manager_id TYPE text USING 'number ' || manager_id")
      let error = await #expect(throws: EngineError.self) { try await site.sync(full: true) }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.hasPrefix("users.references.manager does not give keys: source.key is of type int4"), "\(text)")
      #expect(try await Self.managers(site) == ["ann>ann", "ben>ann"])
      try await site.sql("ALTER TABLE users ALTER manager_id TYPE bigint USING split_part(manager_id, ' ', 2)::bigint")
      try await site.expectAtRest()
      #expect(try await Self.managers(site) == ["ann>ann", "ben>ann"])
    }
  }

  @Test(arguments: Servers.kinds)
  func whoManagesWhomFollowsEveryName(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, Self.settings(kind)) { site in
      // They manage each other, and one herself: nobody is parked, whoever is made first.
      try await site.insert(["ann", "ben", "cid", "dan", "eve"])
      try await site.sql("UPDATE users SET manager_id = CASE id WHEN 1 THEN 2 WHEN 2 THEN 1 WHEN 3 THEN 3 ELSE 99 END")
      try await site.sync()
      #expect(try await Self.managers(site) == ["ann>ben", "ben>ann", "cid>cid"])
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
      #expect(try await Self.explained(site, 4).contains("without manager: key 99 has no entry"))
      // The manager comes.
      try await site.insert(["zoe"], from: 99)
      #expect(try await Self.planned(site) == ["create 99", "update 4", "update 5"])
      try await site.sync()
      #expect(try await Self.managers(site) == ["ann>ben", "ben>ann", "cid>cid", "dan>zoe", "eve>zoe"])
      try await site.expectAtRest()
      // She gets another name, and another place.
      try await site.sql("UPDATE users SET username = 'Zo, \"z\"' WHERE id = 99")
      // Active Directory follows a rename itself.
      let all = ["rename 99", "update 4", "update 5"]
      #expect(try await Self.planned(site) == (kind == .activeDirectory ? ["rename 99"] : all))
      try await site.sync()
      let managers = try await Self.managers(site)
      #expect(try await !Self.explained(site, 4).contains("without"))
      #expect(managers.suffix(2) == ["dan>Zo, \"z\"", "eve>Zo, \"z\""])
      try await site.sql("UPDATE users SET email = 'z/staff', username = 'zed' WHERE id = 99")
      try await site.sync()
      #expect(try await Self.managers(site) == ["ann>ben", "ben>ann", "cid>cid", "dan>zed", "eve>zed"])
      // Two exchange their names.
      try await site.sql("UPDATE users SET username = CASE id WHEN 1 THEN 'ben' ELSE 'ann' END WHERE id < 3")
      try await site.sync()
      #expect(try await Self.managers(site).prefix(2) == ["ann>ben", "ben>ann"])
      #expect(try await [site.value(site.naming, of: 1), site.value(site.naming, of: 2)] == ["ben", "ann"])
      try await site.expectAtRest()
      // She goes, and comes back.
      try await site.sql("DELETE FROM users WHERE id = 99")
      try await site.sync()
      #expect(try await Self.managers(site) == ["ann>ben", "ben>ann", "cid>cid"])
      try await site.expectAtRest()
      try await site.insert(["zoe"], from: 99)
      try await site.sync()
      #expect(try await Self.managers(site).suffix(2) == ["dan>zoe", "eve>zoe"])
      // The row names another one, and nobody.
      try await site.sql("UPDATE users SET manager_id = CASE id WHEN 4 THEN 5 END WHERE id > 3")
      try await site.sync()
      #expect(try await Self.managers(site) == ["ann>ben", "ben>ann", "cid>cid", "dan>eve"])
      #expect(try await site.sql("SELECT count(*), count(due) FROM rollcall.reference") == "4|0")
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
    }
  }

  /// Active Directory refuses the DN of nobody. In a load in which each names another, who is not there yet, or gets another
  /// name just then, nobody is parked for that.
  @Test(arguments: Servers.kinds)
  func aLoadOfPeopleWhoManageEachOther(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, Self.settings(kind)) { site in
      let all = 200
      try await site.withDaemon {
        // A circle through all of them; a part has other names once the next ones are there.
        for first in stride(from: 1, to: all, by: 20) {
          try await site.sql(
            """
            INSERT INTO users (id, username, email, full_name, status, manager_id)
            SELECT id, 'p' || id, 'x', 'P ' || id, 'active', id * 73 % \(all) + 1
            FROM generate_series(\(first), \(first + 19)) AS id
            """)
          try await site.sql("UPDATE users SET username = 'q' || id WHERE id % 3 = 0 AND username LIKE 'p%'")
        }
        try await site.sql("UPDATE users SET username = CASE id % 2 WHEN 0 THEN 'r' ELSE 's' END || id / 2")
        let wanted = try await site.sql(
          """
          SELECT u.username || '>' || m.username FROM users AS u JOIN users AS m ON m.id = u.manager_id
          ORDER BY (u.username || '>' || m.username) COLLATE "C"
          """)
        try await eventually(within: .seconds(120), "each has the manager's name") {
          try await Self.managers(site).joined(separator: "\n")
        } is: {
          $0 == wanted
        }
        if kind == .activeDirectory {
          let entry = try #require(try await site.entry(1)).dn.text
          let change = "dn: \(entry)\nchangetype: modify\nreplace: manager\nmanager: cn=nobody,\(site.base)\n"
          let refusal = await #expect(throws: (any Error).self) { try await site.server.modify(change) }
          let words = refusal.map { "\($0)" } ?? ""
          #expect(words.contains("(19)") || words.contains("(32)"), "\(words)")
        }
      }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.journal WHERE action = 'park'") == "0")
      try await site.expectAtRest()
    }
  }

  /// Several people in one attribute, some of whom do not exist yet.
  @Test(arguments: Servers.kinds.filter { $0 != .activeDirectory })
  func severalOthersInOneAttribute(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, Self.settings(kind)) { site in
      try await site.withDaemon {
        try await site.insert(["ann", "ben", "cid"])
        try await site.sql("UPDATE users SET helpers = '{2,3,77,2}' WHERE id = 1")
        try await eventually("two are found") { try await Self.names(site, "seeAlso") == ["ann>ben+cid"] }
        try await site.insert(["zoe"], from: 77)
        try await eventually("the third has come") { try await Self.names(site, "seeAlso") == ["ann>ben+cid+zoe"] }
        try await site.sql("UPDATE users SET username = 'b' || id WHERE id > 1")
        try await eventually("all have other names") { try await Self.names(site, "seeAlso") == ["ann>b2+b3+b77"] }
      }
      // Each names the transaction that has caused it, though the row itself was not changed.
      let caused = """
        SELECT count(*) > 1 AND bool_and(xid IS NOT NULL) FROM rollcall.journal WHERE action = 'update' AND key = '1'
        """
      #expect(try await site.sql(caused) == "t")
      try await site.expectAtRest()
    }
  }

  /// The ledger knows who is to be looked at, when a process ends before it has come to it.
  @Test func aKilledProcessLosesNothing() async throws {
    try await Servers.withSite(.openLDAP, Self.settings(.openLDAP)) { site in
      try await site.insert(["ann", "ben"])
      try await site.sql("UPDATE users SET manager_id = 2 WHERE id = 1")
      try await site.sync()
      #expect(try await Self.managers(site) == ["ann>ben"])
      // As after a crash between the rename, which is settled, and the look at those who refer to it.
      let ben = try #require(try await site.entry(2)).dn.text
      try await site.server.modify("dn: \(ben)\nchangetype: modrdn\nnewrdn: uid=bob\ndeleteoldrdn: 1\n")
      // Nobody is looked at for another reason.
      try await site.sql("UPDATE rollcall.reference SET due = pg_current_xact_id(); DELETE FROM rollcall.confirmed")
      try await site.sync()
      let managers = try await Self.managers(site)
      #expect(managers == ["ann>bob"])
      #expect(try await site.sql("SELECT count(due) FROM rollcall.reference") == "0")
      try await site.sync(full: true)
      #expect(try await Self.managers(site) == ["ann>ben"])
      try await site.expectAtRest()
    }
  }

  /// References that are configured later, for entries that have the right values already, are followed from then on.
  @Test func valuesThatWereThereBeforeAreFollowedToo() async throws {
    try await Servers.withSite(.openLDAP, Self.settings(.openLDAP)) { site in
      try await site.insert(["ann", "ben"])
      try await site.sql("UPDATE users SET manager_id = 2 WHERE id = 1")
      try await site.sync()
      try await site.sql("DELETE FROM rollcall.reference")
      try await site.expectAtRest()
      // Nobody is looked at for another reason.
      try await site.sql("DELETE FROM rollcall.confirmed; UPDATE users SET username = 'bob' WHERE id = 2")
      try await site.sync()
      #expect(try await Self.managers(site) == ["ann>bob"])
      try await site.expectAtRest()
    }
  }

  /// Somebody whose entry is taken over has an entry from then on.
  @Test func whoIsTakenOverIsFound() async throws {
    var settings = Self.settings(.openLDAP)
    settings.users.append("adopt: true")
    try await Servers.withSite(.openLDAP, settings) { site in
      try await site.insert(["ann"])
      try await site.sql("UPDATE users SET manager_id = 2 WHERE id = 1")
      try await site.sync()
      try await site.server.modify(
        "dn: uid=ben,\(site.base)\nchangetype: add\nobjectClass: inetOrgPerson\nuid: ben\ncn: Ben\nsn: Ben\n")
      try await site.sql("DELETE FROM rollcall.confirmed")
      try await site.insert(["ben"], from: 2)
      try await site.sync()
      #expect(try await Self.managers(site) == ["ann>ben"])
      try await site.expectAtRest()
    }
  }

  /// More people than are queued at once are a bulk load, in pages.
  @Test func aManagerOfManyIsRenamed() async throws {
    try await Servers.withSite(.openLDAP, Self.settings(.openLDAP)) { site in
      try await site.sql(
        """
        INSERT INTO users (id, username, email, full_name, manager_id)
        SELECT id, 'p' || id, id || '@example.com', 'P ' || id, 1 FROM generate_series(1, 1100) AS id
        """)
      try await site.sync()
      // Nobody is looked at for another reason.
      try await site.sql("DELETE FROM rollcall.confirmed; UPDATE users SET username = 'boss' WHERE id = 1")
      try await site.sync()
      let managers = try await Self.managers(site)
      #expect(managers.count == 1100 && managers.allSatisfy { $0.hasSuffix(">boss") })
      #expect(try await site.sql("SELECT count(due) FROM rollcall.reference") == "0")
      try await site.expectInStep()
    }
  }
}
