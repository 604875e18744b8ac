import Sandbox
import Testing

/// What a slip in the mapping, or in the table, would cost is seen before it costs anybody.
@Suite(.serialized) struct HoldingTests {
  /// Sixty people in step, ten of them external.
  private func sixty() async throws -> Site {
    var settings = SiteSettings()
    settings.source = "table: public.users\n  key: id\n  active: status IN ('active', 'external')"
    settings.more = "removals: { most: 10%, least: 25 }\nsweep: { every: 1s }"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'u@example.com', 'Full U' || n,
        CASE WHEN n <= 10 THEN 'external' ELSE 'active' END
      FROM generate_series(1, 60) n
      """)
    try await site.succeed("sync")
    #expect(try await site.names().count == 60)
    return site
  }

  private static let slip =
    "the first comparison after a change of the mapping, the scope or the schema holds every removal"

  @Test("G8: the first comparison after the mapping has changed holds every removal, and says so")
  func aSlipInTheMapping() async throws {
    let site = try await sixty()
    let slipped = try site.with("status IN ('active', 'external')", "status IN ('active', 'extern')")
    let plan = try await slipped.rollcall("plan")
    #expect(plan.code == 2)
    #expect(plan.output.contains("# would be held, because \(Self.slip): key 1: disable uid=u1,"))
    #expect(!plan.output.contains("dn: "))
    #expect(plan.errors == "0 operations for 0 keys, 10 held (10 of them from now on), 0 parked\n")
    try await slipped.withDaemon { daemon in
      try await soon("ten are held") { try await site.status().held.count == 10 }
      let status = try await slipped.rollcall("status").output
      #expect(status.contains("held 1: disable uid=u1,\(site.base) [\(Self.slip), since "))
      #expect(try daemon.printed().contains("count=10"))
      #expect(try daemon.printed().contains("1 10 2 3 4 5 6 7 8 9"))
      #expect(try daemon.printed().contains(Self.slip))
    }
    #expect(try await site.values("employeeType", of: "1").isEmpty)
    // Back again: the holds dissolve, and the next removal is within the budget.
    try await site.succeed("sync")
    #expect(try await site.status().held.isEmpty)
    try await site.sql("DELETE FROM users WHERE id = 1")
    try await site.succeed("sync")
    #expect(try await site.names().count == 59)
  }

  @Test("G8: a comparison after a change that is cut short holds as much when it is done again")
  func cutShort() async throws {
    let site = try await sixty()
    let slipped = try site.with("status IN ('active', 'external')", "status = 'active'")
    try await slipped.rollcall("sync")
    #expect(try await site.status().held.count == 10)
    // As a process leaves it that has noted the new mapping and was killed before the comparison was decided.
    let state = "watermark = NULL, compared = 'another'"
    try await site.sql("UPDATE rollcall.directory SET \(state); DELETE FROM rollcall.held")
    let ran = try await slipped.rollcall("sync")
    #expect(ran.output == "0 operations, 0 parked, 10 held\n")
  }

  @Test func planForetellsTheBudget() async throws {
    let site = try await sixty()
    try await site.sql("DELETE FROM users WHERE id > 30")
    let plan = try await site.rollcall("plan")
    #expect(plan.code == 2)
    let why = "the removal budget allows 25 more at present"
    #expect(plan.output.contains("# would be held, because \(why): key 31: delete "))
    #expect(!plan.output.contains("dn: "))
    let one = try await site.rollcall("plan", "31")
    #expect(one.output.contains("# key 31: delete\n") && one.errors.contains("0 held"))
    #expect(try await site.sql("SELECT count(*) FROM rollcall.removal") == "0")
  }

  @Test func planForetellsTheFirstComparison() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.directory.modify(
      "dn: uid=old,\(site.base)\nobjectClass: inetOrgPerson\nuid: old\ncn: X\nsn: X\nemployeeNumber: 99\n")
    let plan = try await site.rollcall("plan")
    let why = "the first comparison of a directory holds every removal"
    #expect(plan.output.contains("# would be held, because \(why): key 99: "))
    #expect(plan.errors.contains("1 held (1 of them from now on)"))
  }

  @Test("G8: removals held one by one past the budget, and releases, are logged with their keys")
  func eachHoldAndReleaseIsLogged() async throws {
    let site = try await House.shared.site(
      {
        var settings = SiteSettings()
        settings.more = "removals: { most: 0%, least: 1 }\nsweep: { every: 1s }"
        return settings
      }())
    try await site.install()
    try await site.hire((1...8).map { "u\($0)" })
    try await site.succeed("sync")
    try await site.withDaemon { daemon in
      try await site.sql("DELETE FROM users WHERE id = 1")
      try await soon("one goes") { try await site.names().count == 7 }
      try await site.sql("DELETE FROM users WHERE id = 2")
      try await soon("the next is held") { try await site.status().held.map(\.key) == ["2"] }
      try await site.sql("DELETE FROM users WHERE id IN (3, 4)")
      try await soon("and two more") { try await site.status().held.map(\.key) == ["2", "3", "4"] }
      try await site.succeed("release", "3", "4")
      try await soon("two go") { try await site.names().count == 5 }
      let lines = try daemon.printed().split(separator: "\n").filter { $0.contains("removals ") }
      #expect(lines.count == 3, "\(lines)")
      #expect(lines.first?.contains("removals held") == true && lines.first?.contains("keys=2") == true)
      #expect(lines.last?.contains("removals released") == true)
      #expect(lines.suffix(2).allSatisfy { $0.contains("3 4") })
    }
  }
}
