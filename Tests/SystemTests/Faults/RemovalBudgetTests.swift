import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// G8 and G5: a wipe waits for a person, and nobody is absent because of an error.
@Suite struct RemovalBudgetTests {
  /// Forty people are in step, with a budget of five a day.
  private func forty(_ adjust: (inout SiteSettings) -> Void = { _ in }) async throws -> Site {
    var settings = SiteSettings()
    settings.more = "removals: { most: 10%, least: 5, within: 24h }\nsweep: { every: 1s }"
    adjust(&settings)
    let site = try await World.shared.site(settings)
    try await site.insert((1...40).map { "u\($0)" })
    try await site.sync()
    #expect(try await site.names().count == 40)
    return site
  }

  private func expectHeld(_ site: Site, _ count: Int, _ what: String) async throws {
    try await eventually("\(what): \(count) are held") {
      try await site.heldKeys().count
    } is: {
      $0 == count
    }
  }

  @Test(
    "G8: a wipe of any kind removes nobody, and everything else flows",
    arguments: ["delete", "truncate", "scope", "disable"])
  func aWipe(kind: String) async throws {
    let site = try await forty {
      if kind == "scope" { $0.source += "\n  where: status <> 'hidden'" }
    }
    try await site.withDaemon { _ in
      switch kind {
      case "delete": try await site.sql("DELETE FROM users WHERE id <= 30")
      case "truncate": try await site.sql("TRUNCATE users")
      case "scope": try await site.sql("UPDATE users SET status = 'hidden'")
      default: try await site.sql("UPDATE users SET status = 'left'")
      }
      try await expectHeld(site, kind == "delete" ? 30 : 40, kind)
      try await site.insert(["new"], from: 100)
      try await eventually("\(kind): somebody new is there") { try await site.names().count == 41 }
      #expect(try await site.parked().isEmpty)
      // Rows that come back dissolve their holds.
      try await site.sql("DELETE FROM users WHERE id < 100")
      try await site.insert((1...40).map { "u\($0)" })
      try await expectHeld(site, 0, "\(kind), rows came back")
    }
    try await site.expectInStep()
    let disabled = try await site.entries(["employeeType"]).values.filter { !$0["employeeType"].isEmpty }
    #expect(disabled.isEmpty)
  }

  @Test("G8: a view gone empty removes nobody")
  func aViewGoesEmpty() async throws {
    let site = try await forty {
      $0.schema += "\nCREATE VIEW people AS SELECT * FROM users;"
      $0.table = "public.people"
      $0.source += "\n  watch: [{ table: users, key: id }]"
      $0.grants = "GRANT SELECT ON people TO"
    }
    try await site.sql("CREATE OR REPLACE VIEW people AS SELECT * FROM users WHERE false")
    try await site.sync(full: true)
    #expect(try await site.heldKeys().count == 40)
    #expect(try await site.names().count == 40)
    try await site.sql("CREATE OR REPLACE VIEW people AS SELECT * FROM users")
    try await site.sync(full: true)
    #expect(try await site.heldKeys().isEmpty)
    try await site.expectInStep()
  }

  @Test("G8: a drip over the window is held where the budget ends, also over restarts")
  func aDrip() async throws {
    let site = try await forty()
    for id in 1...5 {
      try await site.sql("DELETE FROM users WHERE id = \(id)")
      try await site.sync()
    }
    #expect(try await site.names().count == 35)
    for id in 6...8 {
      try await site.sql("DELETE FROM users WHERE id = \(id)")
      try await site.sync()
    }
    #expect(try await site.names().count == 35)
    #expect(try await site.heldKeys() == ["6", "7", "8"])
    // A day later there is room again, and what waits goes on waiting for a person.
    try await site.sql("UPDATE rollcall.removal SET at = at - interval '25 hours'")
    try await site.sql("DELETE FROM users WHERE id = 9")
    try await site.sync()
    #expect(try await site.heldKeys() == ["6", "7", "8"])
    #expect(try await site.names().count == 34)
  }

  @Test("G8: release approves exactly what was shown; it is not counted, and survives a restart")
  func aRelease() async throws {
    let site = try await forty()
    try await site.sql("DELETE FROM users WHERE id <= 10")
    try await site.sync()
    #expect(try await site.heldKeys().count == 10)
    // Approved while nobody is running.
    try await site.sql("UPDATE rollcall.held SET approved = true WHERE subject IN ('1', '2', '3', '4', '5', '6', '7')")
    try await site.withDaemon { _ in
      try await eventually("seven are gone") { try await site.names().count == 33 }
      try await eventually("three are held") { try await site.heldKeys() == ["10", "8", "9"] }
      // The released ones were not counted: five more may go.
      try await site.sql("DELETE FROM users WHERE id IN (11, 12, 13, 14, 15)")
      try await eventually("five more are gone") { try await site.names().count == 28 }
      try await site.sql("DELETE FROM users WHERE id = 16")
      try await eventually("the sixth is held") { try await site.heldKeys() == ["10", "16", "8", "9"] }
      // And by a request to a daemon that runs.
      try await site.sql(
        """
        UPDATE rollcall.held SET approved = true;
        INSERT INTO rollcall.request (directory, kind) VALUES ('\(site.name)', 'release');
        SELECT pg_notify('rollcall', '{"request":"\(site.name)"}')
        """)
      try await eventually("all are gone") { try await site.names().count == 24 }
      try await eventually("nobody is held") { try await site.heldKeys().isEmpty }
    }
    try await site.expectInStep()
  }

  @Test("G8: a removal that has become another one is held anew")
  func theActionChanges() async throws {
    let site = try await forty()
    try await site.sql("UPDATE users SET status = 'left' WHERE id <= 10")
    try await site.sync()
    #expect(try await site.sql("SELECT DISTINCT action FROM rollcall.held") == "disable")
    try await site.sql("UPDATE rollcall.held SET approved = true; DELETE FROM users WHERE id <= 10")
    try await site.sync()
    #expect(try await site.names().count == 40)
    #expect(try await site.sql("SELECT action, approved, count(*) FROM rollcall.held GROUP BY 1, 2") == "delete|f|10")
  }

  @Test("G8: the first reconcile of a directory holds every removal")
  func theFirstReconcile() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 50%, least: 25 }"
    let site = try await World.shared.site(settings)
    try await site.directory.modify(
      "dn: uid=old,\(site.base)\nchangetype: add\nobjectClass: inetOrgPerson\ncn: Old\nsn: Old\nuid: old\n"
        + "employeeNumber: 99\n")
    try await site.insert(["ann", "ben", "cid", "dan"])
    try await site.sync()
    #expect(try await site.heldKeys() == ["99"])
    #expect(try await site.names() == ["ann", "ben", "cid", "dan", "old"])
    // Later ones are within the budget.
    try await site.sql("DELETE FROM users WHERE id = 1")
    try await site.sync()
    #expect(try await site.names() == ["ben", "cid", "dan", "old"])
  }

  @Test("G8: a removal that a crash made to be done twice is paid for once")
  func paidOnce() async throws {
    let site = try await forty()
    // As a process leaves it that was killed after paying and before deleting.
    try await site.sql(
      """
      INSERT INTO rollcall.removal (directory, key) SELECT '\(site.name)', n::text FROM generate_series(1, 5) n;
      DELETE FROM users WHERE id <= 5
      """)
    try await site.sync()
    #expect(try await site.heldKeys().isEmpty)
    #expect(try await site.names().count == 35)
  }

  @Test("G8: disabling in drips never reaches half of a small directory")
  func disablingInDrips() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 60%, least: 25 }"
    let site = try await World.shared.site(settings)
    try await site.insert((1...10).map { "u\($0)" })
    try await site.sync()
    for id in 1...8 {
      try await site.sql("UPDATE users SET status = 'left' WHERE id = \(id)")
      try await site.sync()
    }
    #expect(try await site.heldKeys() == ["6", "7", "8"])
  }

  @Test(
    "G5: nobody is absent because a right, a table or a policy is in the way",
    arguments: ["revoked", "dropped", "policy"])
  func anError(kind: String) async throws {
    let site = try await forty { $0.more = "removals: { most: 100% }\nsweep: { every: 1s }" }
    try await site.withDaemon { daemon in
      switch kind {
      case "revoked": try await site.sql("REVOKE SELECT ON users FROM \(site.name)")
      case "dropped": try await site.sql("ALTER TABLE users RENAME TO gone")
      default:
        try await site.sql("ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY nobody ON users USING (false)")
      }
      let table = kind == "dropped" ? "gone" : "users"
      try await site.sql("UPDATE \(table) SET email = 'new'; DELETE FROM \(table) WHERE id = 40")
      try await eventually("\(kind): the daemon says what is wrong") {
        try await site.sql("SELECT state, reason FROM rollcall.directory")
      } is: {
        $0.hasPrefix("paused|PostgreSQL: ")
      }
      #expect(try await site.names().count == 40, "\(kind)")
      switch kind {
      case "revoked": try await site.sql("GRANT SELECT ON users TO \(site.name)")
      case "dropped": try await site.sql("ALTER TABLE gone RENAME TO users")
      default: try await site.sql("DROP POLICY nobody ON users; ALTER TABLE users DISABLE ROW LEVEL SECURITY")
      }
      try await eventually("\(kind): all is settled") {
        try await site.entries(["mail"]).values.filter { $0["mail"] == ["new"] }.count == 39
      }
      try await eventually("\(kind): and the one is gone") { try await site.names().count == 39 }
      #expect(try await site.parked().isEmpty)
    }
    try await site.expectInStep()
  }
}

extension Site {
  /// The keys of held removals, sorted as text.
  func heldKeys() async throws -> [String] {
    try await sql("SELECT subject FROM rollcall.held WHERE NOT approved ORDER BY subject COLLATE \"C\"")
      .split(separator: "\n").map(String.init)
  }
}
