import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// User names that are awkward, exchanged, contended for.
@Suite struct NamesTests {
  static let awkward = [
    "a,b", "#hash", " lead", "trail ", "qu\"ote", "back\\slash", "ümläut", "日本語",
    String(repeating: "x", count: 64), "*()", "\\00", "a+b", "a=b", "<a>;", "a/b", "'; DROP TABLE users; --",
    "rollcall-1",
  ]

  @Test func awkwardNamesArriveAndLeaveAsTheyAre() async throws {
    let site = try await World.shared.site()
    for (index, name) in NamesTests.awkward.enumerated() {
      try await site.sql(
        "INSERT INTO users VALUES (\(index), $n$\(name)$n$, 'x@example.com', $n$Full \(name).$n$, 'active', now())"
      )
    }
    // Directories ignore spaces at a value's ends when they compare, not when they keep it.
    try await site.withDaemon { _ in
      try await eventually("all are there") {
        try await site.names()
      } is: {
        $0 == NamesTests.awkward.sorted()
      }
      #expect(try await site.sql("SELECT key, message FROM rollcall.parked") == "")
      for (index, name) in NamesTests.awkward.enumerated() {
        #expect(try await site.value("cn", of: "\(index)") == "Full \(name).")
      }
      try await site.expectInStep()
      // Renamed to something plain, and away.
      try await site.sql("UPDATE users SET username = 'plain' || id")
      let plain = NamesTests.awkward.indices.map { "plain\($0)" }.sorted()
      try await eventually("all are renamed") { try await site.names() == plain }
      try await site.sql("DELETE FROM users")
      try await eventually("all are gone") { try await site.names().isEmpty }
    }
    try await site.expectInStep()
  }

  @Test func aChainOfNamesMovesFromItsFreeEnd() async throws {
    let site = try await World.shared.site()
    let count = 600
    try await site.sql(
      "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, \(count)) n"
    )
    try await site.withDaemon { _ in
      try await eventually(within: .seconds(60), "all are there") { try await site.names().count == count }
      try await site.sql("UPDATE users SET username = 'u' || (id + 1)")
      try await eventually(within: .seconds(60), "all have moved up") {
        try await site.names() == (2...(count + 1)).map { "u\($0)" }.sorted()
      }
    }
    try await site.expectInStep()
  }

  @Test("G6: an entry without a link is not touched unless it is adopted") func aForeignEntryIsNotTouchedUnlessAdopted()
    async throws
  {
    let site = try await World.shared.site()
    try await site.directory.modify(
      "dn: uid=ann,\(site.base)\nchangetype: add\nobjectClass: inetOrgPerson\ncn: By hand\nsn: Hand\nuid: ann\n"
    )
    try await site.insert(["ann"])
    try await site.sync()
    #expect(try await site.parked() == ["1|name-taken"])
    #expect(try await site.entries().values.first?["cn"] == ["By hand"])

    var settings = SiteSettings()
    settings.users = "adopt: true"
    let adopting = try await World.shared.site(settings)
    try await adopting.directory.modify(
      "dn: uid=ann,\(adopting.base)\nchangetype: add\nobjectClass: inetOrgPerson\ncn: By hand\nsn: Hand\nuid: ann\n"
        + "telephoneNumber: 123\n")
    try await adopting.insert(["ann"])
    try await adopting.sync()
    let entry = try #require(try await adopting.entries().values.first)
    #expect(
      entry["cn"] == ["Full ann"] && entry["employeeNumber"] == ["1"] && entry["telephoneNumber"] == ["123"])
    try await adopting.expectInStep()
  }

  @Test func onlyTheCaseOfANameChanges() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await site.sql("UPDATE users SET username = 'Ann'")
      try await eventually("she is capitalised") { try await site.names() == ["Ann"] }
    }
    try await site.expectInStep()
  }
}

extension Site {
  /// Inserts active people with these user names, keys from 1.
  func insert(_ names: [String], from first: Int = 1) async throws {
    let rows = names.enumerated().map { index, name in
      "(\(first + index), '\(name)', '\(name)@example.com', 'Full \(name)', 'active', now())"
    }
    try await sql("INSERT INTO users VALUES \(rows.joined(separator: ", "))")
  }

  /// The user names in the order of their keys.
  func nameByKey() async throws -> [String] {
    try await entries(["uid", "employeeNumber"]).values
      .compactMap { entry in
        guard let key = entry["employeeNumber"].first?.text.flatMap({ Int($0) }) else { return nil }
        return (key, entry["uid"].first?.text ?? "")
      }
      .sorted { (a: (Int, String), b: (Int, String)) in a.0 < b.0 }.map(\.1)
  }

  /// `key|reason` of each parked key.
  func parked() async throws -> [String] {
    let text = try await sql("SELECT key, reason FROM rollcall.parked ORDER BY key")
    return text.isEmpty ? [] : text.split(separator: "\n").map(String.init)
  }
}

/// The name that an entry has while names are exchanged.
@Suite struct TemporaryNameTests {
  private static let record = "SELECT count(*) FROM rollcall.temporary_name"

  @Test func itIsRandomAndRecordedBeforeItIsUsed() async throws {
    let world = try await World.shared
    let liar = try await LyingServer.start(before: world.directory.port)
    defer { liar.stop() }
    var settings = SiteSettings()
    settings.directoryPort = liar.port
    settings.directory = "timeout: 2s"
    let site = try await world.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      // The directory does not answer: what is recorded by now was recorded before.
      liar.lie { $0.kind == .rename ? .silence : .truth }
      try await site.sql("UPDATE users SET username = CASE id WHEN 1 THEN 'ben' ELSE 'ann' END")
      try await eventually("a rename is on its way") { liar.count(.rename) > 0 }
      #expect(try await site.sql(Self.record) == "1")
      let name = try await site.sql("SELECT dn FROM rollcall.temporary_name")
      #expect(name.hasPrefix("uid=rollcall-") && name.hasSuffix(",\(site.base)"))
      #expect(try await site.sql("SELECT old_dn FROM rollcall.temporary_name").hasPrefix("uid=ann,"))
      liar.lie { _ in .truth }
      try await eventually("they are exchanged") { try await site.nameByKey() == ["ben", "ann"] }
      try await eventually("the record is gone") { try await site.sql(Self.record) == "0" }
    }
    try await site.expectInStep()
  }

  @Test(arguments: ["keep", "disable"])
  func whoseRowHasGoneGetsTheOldNameBack(_ removed: String) async throws {
    var settings = SiteSettings()
    settings.users += "\n  removed: \(removed)"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.sync()
    // As a process leaves it that is killed after the first step of an exchange.
    try await site.sql(
      """
      INSERT INTO rollcall.temporary_name (directory, key, old_dn, dn)
      VALUES ('\(site.name)', '1', 'uid=ann,\(site.base)', 'uid=rollcall-0123456789abcdef,\(site.base)');
      DELETE FROM users WHERE id = 1;
      """)
    try await site.directory.modify(
      "dn: uid=ann,\(site.base)\nchangetype: modrdn\nnewrdn: uid=rollcall-0123456789abcdef\ndeleteoldrdn: 1\n")
    try await site.sync()
    #expect(try await site.names() == ["ann", "ben"])
    #expect(try await site.value("uid", of: "1") == "ann")
    #expect(try await site.sql(Self.record) == "0")
    try await site.expectInStep()
  }
}
