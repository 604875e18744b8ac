import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Rule 14: who leaves goes ahead of everything, and a batch does not pass for that.
@Suite struct LeaverTests {
  /// A watched table whose `status` decides, and writers that are silenced as they are in a storm.
  private func site(_ people: Int, _ adjust: (inout SiteSettings) -> Void = { _ in }) async throws -> Site {
    var settings = SiteSettings()
    settings.watch = "SELECT rollcall.watch('public.users', 'id', NULL, '{status}')"
    settings.more = "removals: { most: 10%, least: 25 }\nsweep: { every: 10m }"
    adjust(&settings)
    let site = try await World.shared.site(settings)
    try await site.sql(
      "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, \(people)) n")
    try await site.sync(full: true)
    return site
  }

  /// How many entries were written after a person was disabled; nil where that was not done yet.
  private func writtenAfter(_ key: Int, _ site: Site) async throws -> Int? {
    Int(
      try await site.sql(
        """
        SELECT count(*) FROM rollcall.journal j, (SELECT min(id) AS id FROM rollcall.journal
          WHERE key = '\(key)' AND action = 'disable' AND outcome = 'done') l
        WHERE j.id > l.id AND j.action IN ('create', 'update') GROUP BY l.id
        """))
  }

  private func isLocked(_ key: Int, _ site: Site) async throws -> Bool {
    // Reading all entries would take longer than what is waited for.
    let found = try await site.search("uid=u\(key),\(site.base)", ["employeeType"])
    return found?["employeeType"].first?.text == "disabled"
  }

  /// Lets somebody leave when so much of the bulk work has been written, and silences writers before that.
  private func leave(_ key: Int, during bulk: String, after count: Int = 20, _ site: Site) async throws {
    try await site.sql(
      """
      DO $$
      DECLARE until constant timestamptz := clock_timestamp() + interval '60 s';
      BEGIN
        LOOP
          EXIT WHEN (SELECT count(*) > \(count) FROM rollcall.journal WHERE \(bulk)) OR clock_timestamp() > until;
          PERFORM pg_sleep(0.002);
          COMMIT;
        END LOOP;
        UPDATE rollcall.bell SET armed = false;
        COMMIT;
        UPDATE users SET status = 'left' WHERE id = \(key);
      END $$
      """)
    try await eventually(within: .seconds(120), "\(key) is locked") { try await isLocked(key, site) }
  }

  @Test("in a storm of single commits a leaver notifies, and nobody else does")
  func aStorm() async throws {
    let site = try await site(300)
    try await site.withDaemon { _ in
      try await site.sql("CREATE TABLE over (yes boolean)")
      let storm = Task { [site] in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for writer in 0..<8 {
            group.addTask {
              let session = try await site.session()
              try await session.run(
                """
                DO $$ BEGIN
                  FOR i IN 1..30000 LOOP
                    UPDATE users SET email = 'w' || i WHERE id = 1 + (i * 7 + \(writer * 30)) % 300;
                    COMMIT;
                    IF i % 50 = 0 THEN EXIT WHEN EXISTS (SELECT FROM over); END IF;
                  END LOOP;
                END $$
                """)
            }
          }
          try await group.waitForAll()
        }
      }
      try await eventually("writers are silenced", poll: .milliseconds(2)) {
        try await site.sql("SELECT armed FROM rollcall.bell") == "f"
      }
      // Each has been changed by the storm as well, and changes go on waiting. A look may be faster than a notification,
      // so one of them has to have been heard.
      var next = 100
      try await eventually(within: .seconds(120), "a leaver was heard") {
        next += 1
        try await site.sql("UPDATE users SET status = 'left' WHERE id = \(next)")
        let key = next
        try await eventually("\(key) is locked") { try await isLocked(key, site) }
        return try await site.sql(
          "SELECT count(*) FROM rollcall.journal WHERE action = 'disable' AND outcome = 'done' AND cause = 'notification'"
        ) != "0" || next >= 120
      }
      try await site.sql("INSERT INTO over VALUES (true)")
      try await storm.value
      #expect(next < 120, "none was heard")
      try await eventually("all is in step") {
        try await site.sql(
          """
          SELECT count(*) FROM rollcall.change c, rollcall.directory d WHERE NOT pg_visible_in_snapshot(c.xid, d.watermark)
          """) == "0"
      }
    }
    try await site.expectInStep()
  }

  @Test("during a bulk load, although writers are silenced")
  func aBulkLoad() async throws {
    let site = try await site(50)
    try await site.withDaemon { _ in
      try await site.sql(
        "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1001, 5000) n")
      try await leave(7, during: "action = 'create' AND key::int > 1000", site)
      try await eventually("the load is over") { try await site.names().count == 4050 }
      #expect(try await writtenAfter(7, site) ?? 0 > 0)
    }
    try await site.expectInStep()
  }

  @Test("at a backlog after a downtime, of which the leaver is a part for another reason; and who left meanwhile")
  func aBacklog() async throws {
    let site = try await site(3000)
    try await site.sql("UPDATE users SET email = 'new' || id; UPDATE users SET status = 'left' WHERE id = 2990")
    try await site.withDaemon(compared: false) { _ in
      try await leave(2980, during: "action = 'update'", site)
      try await eventually("all are changed") {
        try await site.entries(["mail"]).values.allSatisfy { $0["mail"].first?.text?.hasPrefix("new") == true }
      }
      #expect(try await writtenAfter(2980, site) ?? 0 > 0)
      // It came after the bulk in the log.
      #expect(try await writtenAfter(2990, site) ?? 0 > 0)
    }
    try await site.expectInStep()
  }

  /// - Parameter isParked: she wants a name that is taken; the comparison looks at such people once everybody is read.
  @Test("while everybody is compared", arguments: [false, true])
  func aReconcile(isParked: Bool) async throws {
    let site = try await site(3000)
    if isParked {
      try await site.sql("UPDATE users SET username = 'u1' WHERE id = 2980")
      try await site.sync()
      #expect(try await site.parked() == ["2980|name-taken"])
    }
    try await site.sql(
      "UPDATE users SET email = 'new' || id; TRUNCATE rollcall.change; UPDATE rollcall.directory SET watermark = NULL")
    try await site.withDaemon(compared: false) { _ in
      try await leave(2980, during: "action = 'update' AND cause = 'reconcile'", after: isParked ? 500 : 20, site)
      try await eventually("all are changed") {
        try await site.entries(["mail"]).filter { !$0.key.hasPrefix("uid=u2980,") }.values.allSatisfy {
          $0["mail"].first?.text?.hasPrefix("new") == true
        }
      }
      #expect(try await writtenAfter(2980, site) ?? 0 > 0)
      if isParked { try await site.sql("UPDATE users SET username = 'u2980' WHERE id = 2980") }
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
    }
    try await site.expectInStep()
  }

  @Test("G8: many who leave in one statement, or one by one during a downtime, are a batch", arguments: [true, false])
  func aBatch(inOneStatement: Bool) async throws {
    let site = try await site(60) { $0.more = "removals: { most: 10%, least: 40 }\nsweep: { every: 1s }" }
    let leave =
      inOneStatement
      ? "UPDATE users SET status = 'left'"
      : "DO $$ BEGIN FOR n IN 1..60 LOOP UPDATE users SET status = 'left' WHERE id = n; COMMIT; END LOOP; END $$"
    if !inOneStatement { try await site.sql(leave) }
    try await site.withDaemon { _ in
      if inOneStatement { try await site.sql(leave) }
      try await eventually("all are held") { try await site.heldKeys().count == 60 }
      let disabled = try await site.entries(["employeeType"]).values.filter { !$0["employeeType"].isEmpty }
      #expect(disabled.isEmpty, "the batch would pass the budget, so it removes nobody")
    }
  }
}
