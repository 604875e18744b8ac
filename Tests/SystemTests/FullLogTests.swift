import LDAPModel
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// G2, G12: a log that was full loses nothing: logging is taken up again, and everybody is compared, those too whose
/// transactions were under way meanwhile. The daily comparison is far away in these tests.
@Suite struct FullLogTests {
  private func site() async throws -> Site {
    var settings = SiteSettings()
    settings.more = "removals: { most: 100% }\nsweep: { every: 300ms }"
    return try await World.shared.site(settings)
  }

  private func isFull(_ site: Site) async throws -> Bool {
    try await site.sql("SELECT pg_sequence_last_value('rollcall.ring') = 1") == "t"
  }

  /// How often logging was stopped or taken up again.
  private func stops(_ site: Site) async throws -> Int {
    try #require(Int(try await site.sql("SELECT coalesce(pg_sequence_last_value('rollcall.stops'), 0)")))
  }

  /// Writes more than the log may hold, where nobody has pruned it for as long.
  ///
  /// - Parameter isRolledBack: nothing in the log says then that logging has stopped.
  private func fill(_ site: Site, isRolledBack: Bool = false) async throws {
    let before = try await stops(site)
    // A daemon that runs may prune in between, and may have taken logging up again afterwards.
    try await eventually("logging has stopped") {
      try await site.sql(
        """
        UPDATE rollcall.log_limit SET changes = 50; SELECT setval('rollcall.room', 1);
        SELECT setval('rollcall.change_seq_seq', (nextval('rollcall.change_seq_seq') / 4096 + 1) * 4096);
        BEGIN;
        INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1001, 1300) n;
        \(isRolledBack ? "ROLLBACK" : "COMMIT"); DELETE FROM users WHERE id > 1000
        """)
      return try await stops(site) > before
    }
    try await site.sql("UPDATE rollcall.log_limit SET changes = 5000000")
  }

  @Test("G2: what was not logged is found, also of a transaction that commits after everybody was compared")
  func transactionsUnderWay() async throws {
    let site = try await site()
    try await site.insert(["ann", "ben", "cid"])
    try await site.sync()
    try await fill(site)
    #expect(try await isFull(site))
    let late = try await site.session()
    try await late.run("BEGIN; UPDATE users SET email = 'late' WHERE id = 1")
    try await site.sql("UPDATE users SET email = 'unlogged' WHERE id = 2")
    let report = try await site.report()
    #expect(report.problems.contains { $0.code == .log && $0.message.contains("the change log is full") })
    try await site.withDaemon { _ in
      try await eventually("ben is found") { try await site.value("mail", of: "2") == "unlogged" }
      #expect(try await !isFull(site))
      try await eventually("it says that it waits") {
        try await site.sql("SELECT silent IS NOT NULL AND watermark IS NOT NULL FROM rollcall.directory") == "t"
      }
      // Nobody else waits for that.
      try await site.sql("UPDATE users SET email = 'logged' WHERE id = 3")
      try await eventually("cid is changed") { try await site.value("mail", of: "3") == "logged" }
      #expect(try await site.value("mail", of: "1") == "ann@example.com")
    }
    // A process that starts later knows of it, also where nothing has it look at ann.
    try await late.run("COMMIT")
    try await site.sql("DELETE FROM rollcall.confirmed")
    try await site.withDaemon { _ in
      try await eventually("ann is found") { try await site.value("mail", of: "1") == "late" }
      try await eventually("nothing is waited for") {
        try await site.sql("SELECT silent IS NULL FROM rollcall.directory") == "t"
      }
      #expect(try await !site.report().problems.contains { $0.code == .log })
    }
    try await site.expectInStep()
  }

  @Test("G2: each directory finds out for itself, whoever has taken logging up again")
  func anotherDirectory() async throws {
    let site = try await site()
    try await site.insert(["ann"])
    try await site.sync()
    try await fill(site, isRolledBack: true)
    try await site.sql(
      "UPDATE users SET email = 'unlogged'; SELECT rollcall.rearm(); DELETE FROM rollcall.confirmed")
    try await site.sync()
    #expect(try await site.value("mail", of: "1") == "unlogged")
    // While a daemon runs.
    try await site.withDaemon { _ in
      try await fill(site, isRolledBack: true)
      try await site.sql(
        "SET rollcall.notify = off; UPDATE users SET email = 'again'; SELECT rollcall.rearm()")
      try await eventually("ann is found") { try await site.value("mail", of: "1") == "again" }
    }
    try await site.expectInStep()
  }

  @Test("G2, G9: random transactions while logging stops and starts again and again")
  func manyStops() async throws {
    let site = try await site()
    let people = 40
    try await site.insert((1...people).map { "user\($0)" })
    try await site.sync()
    try await site.sql("UPDATE rollcall.log_limit SET changes = 60; SELECT setval('rollcall.room', 1)")
    let writers = Task { [site] in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<5 {
          group.addTask {
            let session = try await site.session()
            // Values are used up so that the log is looked at often; some transactions stay open, some are rolled back.
            try await session.run(
              """
              DO $$ DECLARE first int; BEGIN
                FOR i IN 1..60 LOOP
                  first := 1 + (random() * \(people))::int;
                  UPDATE users SET email = 'w\(writer)-' || i WHERE id BETWEEN first AND first + \(writer * 3)
                    AND id % 5 = \(writer);
                  IF random() < 0.3 THEN PERFORM pg_sleep(random() / 4); END IF;
                  WHILE i % 3 = 0 AND nextval('rollcall.change_seq_seq') & 4095 < 4064 LOOP END LOOP;
                  UPDATE users SET full_name = 'Full \(writer) ' || i WHERE id % 5 = \(writer) AND random() < 0.4;
                  IF random() < 0.15 THEN ROLLBACK; ELSE COMMIT; END IF;
                END LOOP;
              END $$
              """)
          }
        }
        try await group.waitForAll()
      }
    }
    // A daemon that comes and goes meanwhile.
    for _ in 0..<3 {
      try await site.withDaemon { _ in
        let stops = try await site.sql("SELECT pg_sequence_last_value('rollcall.stops')")
        try? await eventually(within: .seconds(2), "another stop") {
          try await site.sql("SELECT pg_sequence_last_value('rollcall.stops')") != stops
        }
      }
    }
    try await writers.value
    #expect(try await site.sql("SELECT pg_sequence_last_value('rollcall.stops') > 2") == "t")
    let wanted = try await site.sql(
      "SELECT string_agg(concat_ws(' ', id, email, full_name), ',' ORDER BY id) FROM users")
    try await site.withDaemon { _ in
      try await eventually(within: .seconds(60), "the directory is what the table says") {
        let found = try await site.entries().values.map { entry in
          let values = ["employeeNumber", "mail", "cn"].map { entry[$0].first?.text ?? "" }
          return (Int(values[0]) ?? 0, values.joined(separator: " "))
        }
        return found.sorted { $0.0 < $1.0 }.map(\.1).joined(separator: ",") == wanted
      }
    }
    try await site.expectInStep()
  }

  @Test("G12: whoever looks next prunes, although no daemon runs") func aCommandPrunes() async throws {
    let site = try await site()
    try await site.insert(["ann"])
    try await site.sync()
    try await site.sql(
      """
      UPDATE rollcall.log_limit SET changes = 10; SELECT setval('rollcall.room', 1);
      INSERT INTO rollcall.directory (name, watermark, looked_at) VALUES ('forgotten', pg_current_snapshot(), '2026-01-02Z');
      INSERT INTO users SELECT n, 'u' || n, 'x', 'Full', 'active', now() FROM generate_series(2, 600) n
      """)
    let report = try await site.report()
    #expect(report.problems.contains { $0.code == .forgotten && $0.message.contains("\"forgotten\"") })
    #expect(try await site.sql("SELECT count(*) <= 10 FROM rollcall.change") == "t")
    #expect(try await site.sql("SELECT watermark IS NULL FROM rollcall.directory WHERE name = 'forgotten'") == "t")
    try await site.sync()
    #expect(try await site.names().count == 600)
  }
}
