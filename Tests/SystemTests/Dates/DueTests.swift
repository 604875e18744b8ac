import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Dates take effect when they pass, although nobody writes the row.
@Suite struct DueTests {
  /// Contracts with a beginning and an end.
  static func settings(_ removals: String = "{ most: 100% }") -> SiteSettings {
    var settings = SiteSettings()
    settings.schema += """

      ALTER TABLE users ADD valid_from timestamptz NOT NULL DEFAULT '-infinity', ADD valid_until timestamptz;
      CREATE INDEX ON users (valid_from); CREATE INDEX ON users (valid_until);
      """
    settings.source = """
      where: valid_from <= now() AND (valid_until IS NULL OR now() < valid_until)
        due: [valid_from, valid_until]
      """
    settings.more = "removals: \(removals)"
    return settings
  }

  /// People whose contracts begin, or end, so many seconds from now.
  private func insert(_ site: Site, _ ids: ClosedRange<Int>, from: String = "'-infinity'", until: String = "NULL")
    async throws
  {
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'u' || n || '@example.com', 'Full U' || n, 'active', now(), \(from), \(until)
      FROM generate_series(\(ids.lowerBound), \(ids.upperBound)) n
      """)
  }

  private func seconds(_ count: Double) -> String { "now() + interval '\(count) seconds'" }

  /// Waits until it is later by the database's clock.
  private func pass(_ site: Site, _ column: String) async throws {
    try await eventually("the date has passed") {
      try await site.sql("SELECT bool_and(\(column) < clock_timestamp()) FROM users WHERE isfinite(\(column))") == "t"
    }
  }

  @Test("who joins and who leaves at a date does so by itself, and the journal says why")
  func comeAndGo() async throws {
    let site = try await World.shared.site(Self.settings())
    try await insert(site, 1...2)
    try await site.withDaemon { _ in
      try await eventually("two are there") { try await site.names().count == 2 }
      // Late enough to be read before.
      try await insert(site, 3...3, from: seconds(6))
      try await site.sql("UPDATE users SET valid_until = \(seconds(6)) WHERE id = 1")
      try await eventually("one has come, one has gone") { try await site.names() == ["u2", "u3"] }
      try await eventually("the journal has both") {
        try await site.sql(
          "SELECT string_agg(key || action || cause, ' ' ORDER BY key, id) FROM rollcall.journal WHERE cause = 'due'")
      } is: {
        $0 == "1deletedue 1deletedue 3createdue"
      }
      // Written rows may bring an earlier date.
      try await site.sql("UPDATE users SET valid_until = \(seconds(1)) WHERE id = 3")
      try await eventually("another has gone") { try await site.names() == ["u2"] }
      try await eventually("the instant is stored") {
        try await site.sql("SELECT due_at > (SELECT max(valid_until) FROM users) FROM rollcall.directory") == "t"
      }
    }
    try await site.expectInStep()
  }

  @Test("dates that pass while no daemon runs are found by the next one")
  func downtime() async throws {
    let site = try await World.shared.site(Self.settings())
    try await insert(site, 1...3)
    try await insert(site, 4...5, from: seconds(1))
    try await site.sql("UPDATE users SET valid_until = \(seconds(1)) WHERE id = 1")
    try await site.sync()
    #expect(Set(try await site.names()).isSubset(of: ["u1", "u2", "u3", "u4", "u5"]))
    try await pass(site, "valid_until")
    try await pass(site, "valid_from")
    try await site.sync()
    #expect(try await site.names() == ["u2", "u3", "u4", "u5"])
    try await site.expectInStep()
  }

  @Test("joiners of one instant are bulk work; leavers of one instant are decided together, and past the budget held")
  func atOnce() async throws {
    let site = try await World.shared.site(Self.settings("{ most: 1%, least: 5 }"))
    try await insert(site, 1...40)
    try await site.sync()
    // Of the two instants the first comes in a page, and the second is a wipe.
    try await site.withDaemon { _ in
      try await site.sql(
        """
        BEGIN; UPDATE users SET valid_until = \(seconds(2)) WHERE id <= 20;
        INSERT INTO users SELECT n, 'u' || n, NULL, 'Full U' || n, 'active', now(), \(seconds(2))
        FROM generate_series(101, 400) n; COMMIT
        """)
      try await eventually("all have joined") { try await site.names().count == 340 }
      try await eventually("twenty are held") { try await site.heldKeys().count == 20 }
      #expect(try await site.names().count == 340)
      // A few go within the budget.
      try await site.sql("UPDATE users SET valid_until = \(seconds(1)) WHERE id BETWEEN 31 AND 33")
      try await eventually("three are gone") { try await site.names().count == 337 }
    }
    #expect(try await site.heldKeys().count == 20)
  }

  @Test("where the database's clock was put back nobody is removed without a person's consent")
  func clockPutBack() async throws {
    let site = try await World.shared.site(Self.settings("{ most: 50%, least: 5 }"))
    try await insert(site, 1...10)
    try await site.sync()
    try await site.sql("UPDATE users SET valid_until = now() WHERE id = 1")
    // Somebody has looked at a later time than it is now.
    try await site.sql("UPDATE rollcall.directory SET due_at = now() + interval '1 hour'")
    try await insert(site, 11...11, from: seconds(1))
    try await site.withDaemon { _ in
      try await eventually("the leaver is held") {
        try await site.sql("SELECT subject FROM rollcall.held WHERE reason LIKE '%clock%'") == "1"
      }
      // What is to come comes at its time.
      try await eventually("the joiner is there") { try await site.names().contains("u11") }
      #expect(try await site.names().contains("u1"))
      // Once everybody is compared the budget decides again.
      try await eventually("compared") {
        try await site.sql("SELECT last_reconcile > d.leader_since FROM rollcall.directory d") == "t"
      }
      try await site.sql("UPDATE users SET valid_until = \(seconds(1)) WHERE id = 2")
      try await eventually("the next leaver is gone") { try await !site.names().contains("u2") }
    }
  }

  @Test("a date that cannot be read hides nobody else's")
  func poison() async throws {
    var settings = Self.settings()
    settings.schema += "\nALTER TABLE users ADD ends text;"
    settings.source = "where: ends IS NULL OR now() < ends::timestamptz\n  due: [\"ends::timestamptz\"]"
    let site = try await World.shared.site(settings)
    try await insert(site, 1...3)
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 3 }
      try await site.sql("UPDATE users SET ends = 'soon' WHERE id = 1")
      try await eventually("status says so") {
        try await site.sql("SELECT message LIKE 'source.due: %' FROM rollcall.problem WHERE code = 'mapping'") == "t"
      }
      try await site.sql("UPDATE users SET ends = NULL WHERE id = 1")
      try await eventually("and that it is over") {
        try await site.sql("SELECT count(*) FROM rollcall.problem WHERE code = 'mapping'") == "0"
      }
      try await site.sql("UPDATE users SET ends = \(seconds(1)) WHERE id = 2")
      try await eventually("one is gone") { try await site.names() == ["u1", "u3"] }
    }
  }
}
