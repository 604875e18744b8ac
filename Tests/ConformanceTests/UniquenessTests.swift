import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Values that the server keeps unique by an overlay or a plug-in: who has one is named, and who wants it gets it when
/// it is free.
@Suite struct UniquenessTests {
  static let kinds = Servers.kinds.filter { $0 != .activeDirectory }

  /// Runs a test with a server of its own that keeps `mail` unique.
  private func withSite(
    _ kind: DirectoryServerKind, _ settings: SiteSettings = SiteSettings(),
    _ body: @escaping @Sendable (Site) async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      let server: any ThrowawayDirectory
      if kind == .openLDAP {
        var options = OpenLDAPOptions()
        options.durable = false
        options.ppolicy = true
        options.globalLines = ["moduleload unique"]
        options.databaseLines = ["overlay unique", "unique_uri ldap:///?mail?sub"]
        server = try await DirectoryServer.start(in: folder, options: options)
      } else {
        var options = Directory389Options()
        options.durable = false
        let own = try await Directory389Server.start(in: folder, options: options)
        try await own.modify(
          """
          dn: cn=attribute uniqueness,cn=plugins,cn=config
          changetype: modify
          replace: nsslapd-pluginEnabled
          nsslapd-pluginEnabled: on
          -
          replace: uniqueness-attribute-name
          uniqueness-attribute-name: mail
          -
          replace: uniqueness-subtrees
          uniqueness-subtrees: \(own.suffix)

          """)
        await own.stop()
        try await own.start()
        server = own
      }
      try await body(try await Site(settings, Servers.shared, server))
    }
  }

  @Test(arguments: UniquenessTests.kinds)
  func aValueOfAnotherPersonIsTakenUpWhenItIsFree(_ kind: DirectoryServerKind) async throws {
    try await withSite(kind) { site in
      // One surname, so that more than one value is held by the other.
      let row = { (key: Int, mail: String) in "(\(key), 'u\(key)', '\(mail)', 'Person \(key) Same', 'active', now())" }
      try await site.sql("INSERT INTO users VALUES \(row(1, "a@x"))")
      try await site.withDaemon {
        try await eventually("the first is there") { try await site.names() == ["u1"] }
        try await site.sql("INSERT INTO users VALUES \(row(2, "A@x"))")
        try await eventually("the second is parked") {
          try await site.sql("SELECT key, reason, message FROM rollcall.parked")
        } is: {
          $0.hasPrefix("2|name-taken|")
        }
        let message = try await site.sql("SELECT message FROM rollcall.parked")
        #expect(message.contains("mail: a@x") && message.contains("uid=u1,"))
        try await site.sql("UPDATE users SET email = 'b@x' WHERE id = 1")
        try await eventually("the second has it") { try await site.value("mail", of: 2) == "A@x" }
        try await eventually("nobody is parked") { try await site.parked().isEmpty }
        // One who is there wants what another has; freed by a delete.
        try await site.sql("INSERT INTO users VALUES \(row(3, "c@x")); UPDATE users SET email = 'A@x' WHERE id = 3")
        try await eventually("the third is parked") { try await site.parked() == ["3|name-taken"] }
        try await site.sql("DELETE FROM users WHERE id = 2")
        try await eventually("the third has it") { try await site.value("mail", of: 3) == "A@x" }
      }
      // Freed by a process that did not see the refusal.
      try await site.sql("INSERT INTO users VALUES \(row(4, "b@x"))")
      try await site.sync()
      #expect(try await site.parked() == ["4|name-taken"])
      try await site.sql("UPDATE users SET email = 'd@x' WHERE id = 1")
      try await site.sync()
      #expect(try await site.value("mail", of: 4) == "b@x")
      try await site.expectAtRest()
    }
  }

  @Test(arguments: UniquenessTests.kinds)
  func valuesAreExchanged(_ kind: DirectoryServerKind) async throws {
    try await withSite(kind) { site in
      try await site.insert(["a", "b", "c", "d"])
      try await site.withDaemon {
        try await eventually("all are there") { try await site.names() == ["a", "b", "c", "d"] }
        try await site.sql(
          "UPDATE users u SET email = o.email, full_name = 'New ' || u.id FROM users o WHERE u.id < 3 AND o.id = 3 - u.id"
        )
        try await eventually("two have swapped") {
          try await [site.value("mail", of: 1), site.value("mail", of: 2)] == ["b@example.com", "a@example.com"]
        }
        try await site.sql("UPDATE users u SET email = o.email FROM users o WHERE o.id = u.id % 4 + 1")
        try await eventually("all have the next one's") {
          try await (1...4).asyncMap { try await site.value("mail", of: $0) }
            == ["a@example.com", "c@example.com", "d@example.com", "b@example.com"]
        }
        // A chain, each in a transaction of its own, from its wrong end.
        try await site.sql(
          """
          UPDATE users SET email = 'c@example.com' WHERE id = 1; UPDATE users SET email = 'd@example.com' WHERE id = 2;
          UPDATE users SET email = 'free@example.com' WHERE id = 3;
          """)
        try await eventually("they have moved up") {
          try await (1...3).asyncMap { try await site.value("mail", of: $0) }
            == ["c@example.com", "d@example.com", "free@example.com"]
        }
      }
      #expect(try await site.parked() == [])
      #expect(try await site.value("cn", of: 1) == "New 1")
      try await site.expectAtRest()
    }
  }

  /// What is written once changes hands by no plan: who has it is told, but not what it is, and it is tried again.
  @Test(arguments: UniquenessTests.kinds)
  func aValueThatIsWrittenOnce(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.attributes = ["uid: username", "cn: full_name", "sn: split_part(trim(full_name), ' ', -1)"]
    settings.users = ["create_only: { mail: email }"]
    try await withSite(kind, settings) { site in
      try await site.insert(["ann"])
      try await site.sql("UPDATE users SET email = 'one@x'")
      try await site.sync()
      // Not in one pass: slapd's overlay does not see an add that is under way.
      try await site.insert(["ben"], from: 2)
      try await site.sql("UPDATE users SET email = 'one@x' WHERE id = 2")
      let lines = try await site.linesOfSync()
      #expect(try await site.parked() == ["2|name-taken"])
      let message = try await site.sql("SELECT message FROM rollcall.parked")
      #expect(message.contains("the value of mail belongs to uid=ann,") && !message.contains("one@x"))
      #expect(lines.contains { $0.contains("the value of mail belongs to uid=ann,") })
      #expect(!lines.contains { $0.contains("one@x") })
      #expect(try await site.sql("SELECT next_at IS NOT NULL FROM rollcall.parked") == "t")
    }
  }

  /// Outside the base, where no key is.
  @Test(arguments: UniquenessTests.kinds)
  func aValueHeldElsewhereIsParkedWithItsHolder(_ kind: DirectoryServerKind) async throws {
    try await withSite(kind) { site in
      let holder = "cn=Holder,\(site.server.groupsBase)"
      try await site.server.modify(
        "dn: \(holder)\nchangetype: add\nobjectClass: inetOrgPerson\ncn: Holder\nsn: Holder\nmail: h@x\n")
      try await site.sql("INSERT INTO users VALUES (1, 'h', 'h@x', 'H', 'active', now())")
      try await site.sync()
      #expect(try await site.parked() == ["1|name-taken"])
      #expect(try await site.sql("SELECT message FROM rollcall.parked").contains("cn=Holder"))
      try await site.server.modify("dn: \(holder)\nchangetype: delete\n")
      try await site.sync(full: true)
      try await site.expectAtRest()
    }
  }
}

extension Sequence {
  fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
