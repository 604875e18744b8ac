import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Names that a server takes for one although they differ, and those that it tells apart: a second look writes nothing.
@Suite struct EqualityTests {
  /// Pairs of which one is the other for some servers.
  static let pairs = [
    ("İstanbul", "istanbul"), ("Straße", "STRASSE"), ("Caf\u{E9}", "Cafe\u{301}"), ("R & D", "r  &  d"),
    ("Nord\u{A0}Ost", "Nord Ost"), ("\u{212A}iel", "Kiel"), ("ΣΑΜΟΣ", "σαμος"), ("ﬁnance", "finance"),
    ("Diyarbakır", "DIYARBAKIR"), ("Ⅳ", "IV"), ("dev\u{AD}ops", "devops"),
  ]

  @Test(arguments: Servers.kinds)
  func containersOfOneNameAreOne(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD department text;"
    settings.users = ["container: [{ ou: department }]"]
    try await Servers.withSite(kind, settings) { site in
      let names = EqualityTests.pairs.flatMap { [$0.0, $0.1] }
      try await site.insert(names.indices.map { "u\($0)" })
      for (index, name) in names.enumerated() {
        try await site.sql("UPDATE users SET department = $n$\(name)$n$ WHERE id = \(index + 1)")
      }
      try await site.sync()
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
      // Each moves to what may be the same.
      try await site.sql(
        "UPDATE users u SET department = o.department FROM users o WHERE o.id = CASE u.id % 2 WHEN 1 THEN u.id + 1 ELSE u.id - 1 END"
      )
      try await site.sync()
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
    }
  }

  /// A key is octets: of two that the link takes for one each is set aside by its own name until the other one is gone.
  @Test(arguments: Servers.kinds)
  func keysInTwoNormalForms(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.schema = "CREATE TABLE users (id text PRIMARY KEY, username text, email text, full_name text, status text)"
    try await Servers.withSite(kind, settings) { site in
      let (one, other) = ("U&'caf\\00E9'", "U&'cafe\\0301'")
      try await site.sql(
        "INSERT INTO users VALUES (\(one), 'ann', 'a', 'Ann', 'active'), (\(other), 'ben', 'b', 'Ben', 'active')")
      try await site.sync()
      let links = { () async throws in
        Dictionary(
          uniqueKeysWithValues: try await site.entries([site.naming, "employeeNumber"]).map {
            ($0[site.naming].first?.text ?? "", $0["employeeNumber"].first?.bytes.count ?? 0)
          })
      }
      #expect(try await links().isEmpty)
      #expect(try await site.sql("SELECT octet_length(key) FROM rollcall.parked ORDER BY 1") == "5\n6")
      #expect(
        try await site.sql(
          "SELECT count(*) FROM rollcall.parked WHERE position('person ' || key || ' and ' IN message) = 1") == "2")
      try await site.sql("DELETE FROM users WHERE id = \(other)")
      try await site.sync()
      #expect(try await links() == ["ann": 5])
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds)
  func groupsOfOneNameAreOne(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, .groups()) { site in
      let names = EqualityTests.pairs.flatMap { [$0.0, $0.1] }
      try await site.insert(names.indices.map { "u\($0)" })
      for (index, name) in names.enumerated() {
        try await site.sql("INSERT INTO user_roles VALUES (\(index + 1), $n$\(name)$n$)")
      }
      try await site.sync()
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
    }
  }

  /// Values of one attribute: what the server takes for one is there once.
  @Test(arguments: Servers.kinds)
  func valuesOfOneAttribute(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD remarks text[];"
    // An attribute of several values that compares without case, in each schema.
    settings.attributes = Profile.of(kind).attributes + ["\(EqualityTests.remarks(kind)): remarks"]
    // Samba takes both when they are added, and deletes the other one of the two.
    let pairs = EqualityTests.pairs.filter { kind != .activeDirectory || $0.0 != "ΣΑΜΟΣ" }
    try await Servers.withSite(kind, settings) { site in
      try await site.insert(pairs.indices.map { "u\($0)" } + ["all"])
      for (index, pair) in pairs.enumerated() {
        try await site.sql(
          "UPDATE users SET remarks = ARRAY[$n$\(pair.0)$n$, $n$\(pair.1)$n$, 'x'] WHERE id = \(index + 1)")
      }
      try await site.sync()
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
      try await site.sql("UPDATE users SET remarks = '{old}' WHERE id % 2 = 0; UPDATE users SET remarks = remarks[1:1]")
      try await site.sync()
      try await site.expectAtRest()
      for (index, pair) in pairs.enumerated() {
        try await site.sql(
          "UPDATE users SET remarks = ARRAY['y', $n$\(pair.1)$n$, $n$\(pair.0)$n$] WHERE id = \(index + 1)")
      }
      try await site.sync()
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
    }
  }

  private static func remarks(_ kind: DirectoryServerKind) -> String {
    kind == .activeDirectory ? "otherMailbox" : "departmentNumber"
  }

  @Test(arguments: Servers.kinds)
  func namesOfPeopleAreRespelled(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.attributes = Profile.freelyNamed(kind)
    // 389 comes with a plug-in that takes user names of seven bits only.
    let pairs = kind == .directory389 ? [("R & D", "r  &  d")] : EqualityTests.pairs
    try await Servers.withSite(kind, settings) { site in
      for (index, pair) in pairs.enumerated() {
        try await site.sql(
          "INSERT INTO users VALUES (\(index), $n$\(pair.0)$n$, 'x@example.com', 'Full \(index)', 'active', now())")
      }
      try await site.sync()
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
      for (index, pair) in pairs.enumerated() {
        try await site.sql("UPDATE users SET username = $n$\(pair.1)$n$ WHERE id = \(index)")
      }
      try await site.sync()
      #expect(try await site.parked() == [])
      try await site.expectAtRest()
    }
  }
}
