import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// User names that are awkward, exchanged, contended for, on every kind of server.
@Suite struct NamesTests {
  static let awkward = [
    "a,b", "#hash", " lead", "trail ", "qu\"ote", "back\\slash", "ümläut", "日本語",
    String(repeating: "x", count: 64), "*()", "\\00", "a+b", "a=b", "<a>;", "a/b", "'; DROP TABLE users; --",
    "rollcall-1", "a  b", "CN=a",
  ]

  /// 389 comes with a plug-in that takes user names of seven bits only.
  private static func awkward(_ kind: DirectoryServerKind) -> [String] {
    kind == .directory389 ? awkward.filter { $0.utf8.allSatisfy { $0 < 0x80 } } : awkward
  }

  @Test(arguments: Servers.kinds)
  func awkwardNamesArriveAndLeaveAsTheyAre(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.attributes = Profile.freelyNamed(kind)
    let awkward = NamesTests.awkward(kind)
    try await Servers.withSite(kind, settings) { site in
      for (index, name) in awkward.enumerated() {
        try await site.sql(
          "INSERT INTO users VALUES (\(index), $n$\(name)$n$, 'x@example.com', $n$Full \(name).$n$, 'active', now())"
        )
      }
      let whole = kind == .activeDirectory ? "displayName" : "cn"
      try await site.withDaemon {
        try await eventually("all are there") {
          try await site.names()
        } is: {
          $0 == awkward.sorted()
        }
        #expect(try await site.sql("SELECT key, message FROM rollcall.parked") == "")
        for (index, name) in awkward.enumerated() {
          #expect(try await site.value(whole, of: index) == "Full \(name).")
        }
        try await site.expectInStep()
        // Exchanged among each other, renamed to something plain, and away.
        let count = awkward.count
        try await site.sql(
          "UPDATE users u SET username = o.username FROM users o WHERE o.id = (u.id + 1) % \(count)")
        try await eventually("all have the next one's") {
          try await site.namesByKey() == Array(awkward.dropFirst() + awkward.prefix(1))
        }
        try await site.expectInStep()
        try await site.sql("UPDATE users SET username = 'plain' || id")
        let plain = awkward.indices.map { "plain\($0)" }.sorted()
        try await eventually("all are renamed") { try await site.names() == plain }
        try await site.sql("DELETE FROM users")
        try await eventually("all are gone") { try await site.names().isEmpty }
      }
      try await site.expectAtRest()
    }
  }

  @Test func whatIsMoreThanSevenBitsIsParkedWhereTheServerRefusesIt() async throws {
    try await Servers.withSite(.directory389) { site in
      try await site.insert(["umlaut", "plain"])
      try await site.sql("UPDATE users SET username = 'ümläut' WHERE id = 1")
      try await site.sync()
      #expect(try await site.parked() == ["1|schema"])
      let message = try await site.sql("SELECT message FROM rollcall.parked")
      #expect(message.contains("not 7-bit clean"))
      #expect(try await site.names() == ["plain"])
      try await site.sql("UPDATE users SET username = 'umlaut' WHERE id = 1")
      try await site.sync()
      #expect(try await site.names() == ["plain", "umlaut"])
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds)
  func namesAreExchanged(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      try await site.insert(["ann", "ben", "cid", "dan"])
      try await site.withDaemon {
        try await eventually("all are there") { try await site.names() == ["ann", "ben", "cid", "dan"] }
        try await site.sql(
          "UPDATE users SET username = CASE username WHEN 'ann' THEN 'ben' ELSE 'ann' END WHERE id IN (1, 2)")
        try await eventually("two have swapped") { try await site.namesByKey().prefix(2) == ["ben", "ann"] }
        try await site.expectInStep()
        try await site.sql(
          """
          UPDATE users SET username = CASE username WHEN 'ben' THEN 'cid' WHEN 'ann' THEN 'ben' ELSE 'ann' END
          WHERE id IN (1, 2, 3)
          """)
        try await eventually("three have moved round") {
          try await site.namesByKey() == ["cid", "ben", "ann", "dan"]
        }
        // Each in a transaction of its own, so that no batch sees the whole exchange.
        try await site.sql(
          """
          UPDATE users SET username = 'tmp' WHERE id = 1; UPDATE users SET username = 'cid' WHERE id = 4;
          UPDATE users SET username = 'dan' WHERE id = 1;
          """)
        try await eventually("they have swapped over a third name") {
          try await site.namesByKey() == ["dan", "ben", "ann", "cid"]
        }
        try await eventually("all can log in") { try await [site.canLogIn(1), site.canLogIn(4)] == [true, true] }
      }
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds)
  func aChainOfNamesMovesFromItsFreeEnd(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      try await site.insert((1...60).map { "u\($0)" })
      try await site.withDaemon {
        try await eventually(within: .seconds(60), "all are there") { try await site.names().count == 60 }
        try await site.sql("UPDATE users SET username = 'u' || (id + 1)")
        try await eventually(within: .seconds(60), "all have moved up") {
          try await site.namesByKey() == (2...61).map { "u\($0)" }
        }
      }
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds)
  func aTakenNameIsParkedWithItsHolderAndWokenWhenFree(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      try await site.insert(["ann"])
      try await site.withDaemon {
        try await eventually("ann is there") { try await site.names() == ["ann"] }
        try await site.sql("INSERT INTO users VALUES (2, 'ann', 'x', 'Second Ann', 'active', now())")
        try await eventually("the second is parked") { try await site.parked() == ["2|name-taken"] }
        // The server's refusal may come first; who has the name is found out with the next look.
        try await eventually("both are named") {
          try await site.sql("SELECT message FROM rollcall.parked")
        } is: {
          // Known from a look at both people, or from the server's refusal.
          $0.contains(/(key|person) 2/) && $0.contains(/(key|person) 1/) && $0.lowercased().contains("=ann,ou=")
        }
        try await site.sql("UPDATE users SET username = 'ann1' WHERE id = 1")
        try await eventually("the second has the name") { try await site.namesByKey() == ["ann1", "ann"] }
        try await eventually("nobody is parked") { try await site.parked().isEmpty }
        // And once more, freed by a delete.
        try await site.sql("INSERT INTO users VALUES (3, 'ann', 'x', 'Third Ann', 'active', now())")
        try await eventually("the third is parked") { try await site.parked() == ["3|name-taken"] }
        try await site.sql("DELETE FROM users WHERE id = 2")
        try await eventually("the third has the name") { try await site.value(site.naming, of: 3) == "ann" }
        try await eventually("and can log in") { try await site.canLogIn(3) }
      }
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds)
  func onlyTheCaseOfANameChanges(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      try await site.insert(["ann"])
      try await site.withDaemon {
        try await eventually("ann is there") { try await site.names() == ["ann"] }
        try await site.sql("UPDATE users SET username = 'Ann', full_name = 'FULL ann'")
        try await eventually("she is capitalised") { try await site.names() == ["Ann"] }
      }
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds)
  func aForeignEntryIsNotTouchedUnlessAdopted(_ kind: DirectoryServerKind) async throws {
    let classes = Profile.of(kind).classes.map { "objectClass: \($0)\n" }.joined()
    let rest = kind == .activeDirectory ? "sAMAccountName: byhand-ID\n" : "cn: By hand\nsn: Hand\n"
    let foreign = { @Sendable (site: Site) in
      "dn: \(site.naming)=ann,\(site.base)\nchangetype: add\n\(classes)\(site.naming): ann\ntelephoneNumber: 123\n"
        + rest.replacing("ID", with: site.name)
    }
    try await Servers.withSite(kind) { site in
      try await site.server.modify(foreign(site))
      try await site.insert(["ann"])
      try await site.sync()
      #expect(try await site.parked() == ["1|name-taken"])
      #expect(try await site.entries().first?["employeeNumber"] == [])
    }
    var settings = SiteSettings()
    settings.users = ["adopt: true"]
    try await Servers.withSite(kind, settings) { site in
      try await site.server.modify(foreign(site))
      try await site.insert(["ann"])
      try await site.sync()
      let entry = try #require(try await site.entry(1))
      #expect(entry["sn"] == ["ann"] && entry["telephoneNumber"] == ["123"])
      try await site.expectAtRest()
    }
  }
}
