import Glibc
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// G9, G15: somebody who may only connect fills PostgreSQL's notification queue; HR's writes do not fail for it.
@Suite(.serialized) struct QueueTests {
  /// Whether the tests that fill 8 GB are wanted: `make soak` does.
  static let isSoak = unsafe getenv("ROLLCALL_SOAK") != nil

  /// A session that listens and stays in a transaction, which keeps all that anybody sends.
  private func hoarder(_ site: Site) async throws -> SQLSession {
    try await site.sql("CREATE ROLE mallory LOGIN")
    let session = try await site.session(as: "mallory")
    try await session.run("LISTEN noise")
    try await session.run("BEGIN; SELECT 1")
    return session
  }

  /// Sends so many notifications, a page of the queue each.
  private func send(_ count: Int, _ site: Site) async throws {
    try await site.postgres.psql(
      """
      DO $$ BEGIN
        FOR i IN 1..\(count / 5000) LOOP
          PERFORM pg_notify('noise', rpad(i || '-' || n, 7900, 'x')) FROM generate_series(1, 5000) AS n;
          COMMIT;
        END LOOP;
      END $$
      """, user: "mallory", database: site.name)
  }

  private func site() async throws -> Site {
    var settings = SiteSettings()
    // Only notifications and polling find a change in time.
    settings.more = "sweep: { every: 10m }"
    return try await FaultyWorld.start().site(settings)
  }

  private func usage(_ site: Site) async throws -> Double {
    Double(try await site.sql("SELECT pg_notification_queue_usage()")) ?? 0
  }

  @Test("G9: from 5 % on nobody notifies, the log is polled, and status says so until it is over")
  func theGateClosesEarly() async throws {
    let site = try await site()
    try await site.insert(["ann"])
    let hoarder = try await hoarder(site)
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      // Another directory's daemon is away, and its lease would run for a long time.
      try await site.sql("INSERT INTO rollcall.bell VALUES ('away', true, now() + interval '1 hour')")
      try await send(55_000, site)
      #expect(try await usage(site) > 0.05)
      try await eventually("nobody notifies") {
        try await site.sql("SELECT count(*) FROM rollcall.bell WHERE armed") == "0"
      }
      let before = try await usage(site)
      try await site.sql(
        "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(2, 200) AS n")
      #expect(try await usage(site) == before, "HR has notified")
      try await eventually("the change is found all the same") {
        try await site.names().count == 200
      }
      let report = try await site.report()
      #expect(!report.isWell && report.problems.map(\.code) == [.queue])
      #expect(report.problems.first?.fix?.contains("pg_stat_activity") == true)
    }
    // Nobody watches now, and without a row in it the bell says that everybody notifies.
    try await site.sql("DELETE FROM rollcall.bell")
    let before = try await usage(site)
    try await site.sql(
      """
      UPDATE users SET email = 'alone';
      BEGIN; CREATE TEMPORARY TABLE kept AS TABLE users; TRUNCATE users; INSERT INTO users SELECT * FROM kept; COMMIT
      """)
    #expect(try await usage(site) == before, "HR has notified")
    try await site.withDaemon { _ in
      try await eventually("it has caught up") { try await site.value("mail", of: "1") == "alone" }
      try await site.sql("UPDATE users SET email = 'polled' WHERE id = 1")
      try await eventually("the log is polled from the start") { try await site.value("mail", of: "1") == "polled" }
      #expect(try await site.report().problems.map(\.code).contains(.queue))
      try await hoarder.run("COMMIT")
      try await eventually("the bell is armed again") {
        try await site.sql("SELECT armed FROM rollcall.bell WHERE directory = '\(site.name)'") == "t"
      }
      try await eventually("all is well") { try await site.report().isWell }
      try await site.sql("UPDATE users SET email = 'after' WHERE id = 1")
      try await eventually("a notification arrives") { try await site.value("mail", of: "1") == "after" }
    }
    try await site.expectInStep()
  }

  @Test("G9: HR writes while the queue is full", .enabled(if: isSoak))
  func aFullQueue() async throws {
    let site = try await site()
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      let hoarder = try await hoarder(site)
      let filling = Task { try await send(1_100_000, site) }
      var writes = 0
      while !filling.isCancelled, try await usage(site) < 0.99 {
        try await site.sql("UPDATE users SET email = 'w\(writes)' WHERE id = 1")
        writes += 1
      }
      await #expect(throws: (any Error).self) { try await filling.value }
      try await site.sql("UPDATE users SET email = 'full' WHERE id = 1")
      try await eventually("it arrives") { try await site.value("mail", of: "1") == "full" }
      try await hoarder.run("COMMIT")
      try await eventually(within: .seconds(60), "all is well") { try await site.report().isWell }
    }
    try await site.expectInStep()
  }
}
