import LDAPModel
import Reactor
import RollcallAdministration
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// What the daemon counts and stores, read as `rollcall metrics` and the dashboard read it.
@Suite struct CountersTests {
  @Test("writes, their lag and removals are counted, by minutes too; what is idle goes on; a restart begins from 0")
  func counting() async throws {
    let site = try await World.shared.site()
    let reader = try await MetricsReader(site)
    try await site.withDaemon { daemon in
      try await site.sql("INSERT INTO users SELECT n, 'u' || n, '', 'U', 'active' FROM generate_series(1, 3) AS n")
      try await eventually("three entries") { try await site.names().count == 3 }
      try await site.sql("DELETE FROM users WHERE id = 3")
      try await eventually("two entries") { try await site.names().count == 2 }
      let metrics = try await reader.read(daemon) { $0.counters.totals.lag.count == 4 && $0.reconciled > 0 }
      #expect(metrics.isLed && metrics.isUp && metrics.kind == "openldap" && metrics.lagFrom == "trigger")
      let counters = metrics.counters
      #expect(counters.operations[.done]?[.create] == 3 && counters.operations[.done]?[.delete] == 1)
      #expect(counters.settled[.applied] == 4 && counters.removals[.delete] == 1)
      #expect(counters.totals.changes == 4 && metrics.managed == 2)
      #expect(counters.lag[.notification]?.sum ?? 0 > 0 && metrics.counters.totals.lag.sum < 60_000_000 * 4)
      #expect(counters.drift.values.allSatisfy { $0 == 0 } && counters.reconnects.values.allSatisfy { $0 == 0 })
      #expect(metrics.reconciled > 0 && metrics.budget == 2, "the budget is off: all may go")
      #expect(
        try await site.sql(
          "SELECT sum(writes), sum(changes), sum((SELECT sum(n) FROM unnest(lag) AS n)) FROM rollcall.minute")
          == "4|4|4")
      // Nothing happens, and the times go on.
      let later = try await reader.read(daemon) { $0.oldestUnsettled > metrics.oldestUnsettled }
      #expect(later.counters == counters)
    }
    let before = try await site.sql("SELECT process FROM rollcall.counters")
    #expect(
      try await reader.read { !$0.isLed }.counters.operations[.done]?[.create] == 3, "they stay while nobody leads")
    try await site.withDaemon { daemon in
      let metrics = try await reader.read(daemon) { _ in true }
      #expect(metrics.counters.totals.writes == 0 && metrics.managed == 2)
      #expect(try await site.sql("SELECT process FROM rollcall.counters") != before)
      // Another process that has counted in between, and is gone: it is not added to what this one has counted.
      let old = try await Reactor.run { daemon.daemon.engine.counting.process }
      try await Reactor.run { await daemon.daemon.engine.storeCounts() }
      #expect(try await site.sql("SELECT upper(process::text) FROM rollcall.counters") == old)
      try await site.sql("UPDATE rollcall.counters SET process = gen_random_uuid(), counts = '{\"missed\": 7}'")
      try await Reactor.run { await daemon.daemon.engine.storeCounts() }
      #expect(try await site.sql("SELECT counts FROM rollcall.counters") == "{\"missed\": 7}")
    }
    try await reader.close()
  }

  @Test("a lost connection is counted, and counting goes on where it was")
  func reconnecting() async throws {
    let site = try await World.shared.site()
    let reader = try await MetricsReader(site)
    try await site.withDaemon { daemon in
      try await site.sql("INSERT INTO users VALUES (1, 'ada', '', 'A', 'active')")
      _ = try await reader.read(daemon) { $0.counters.totals.writes == 1 }
      try await site.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(site.name)' AND application_name LIKE 'rollcall%'"
      )
      let metrics = try await reader.read(daemon) { $0.isLed && $0.counters.reconnects[.database] ?? 0 > 0 }
      #expect(metrics.counters.totals.writes == 1 && metrics.counters.reconnects[.directory] == 0)
    }
    try await reader.close()
  }

  @Test("changes that no notification has named are counted, and those that one has named are not")
  func missedNotifications() async throws {
    let site = try await World.shared.site()
    let reader = try await MetricsReader(site)
    try await site.withDaemon { daemon in
      var silent = 0
      let metrics = try await reader.read(daemon) { metrics in
        if metrics.counters.missedNotifications > 0 { return true }
        silent += 1
        try await site.sql(
          """
          INSERT INTO users VALUES (\(silent), 'loud\(silent)', '', 'L', 'active');
          BEGIN; SET LOCAL rollcall.notify = off; INSERT INTO users VALUES (\(-silent), 'silent\(silent)', '', 'S', 'active'); COMMIT
          """)
        try await Reactor.run { try await daemon.daemon.engine.sweeper?.look() }
        return false
      }
      #expect(metrics.counters.missedNotifications <= silent)
      #expect(metrics.counters.changes[.notification] ?? 0 > 0 && metrics.counters.changes[.sweep] ?? 0 > 0)
    }
    try await reader.close()
  }

  @Test("what only a comparison finds is counted by who has caused it")
  func drift() async throws {
    let site = try await World.shared.site()
    let reader = try await MetricsReader(site)
    try await site.withDaemon { daemon in
      try await site.sql("INSERT INTO users SELECT n, 'u' || n, 'm', 'U', 'active' FROM generate_series(1, 5) AS n")
      try await eventually("five entries") { try await site.names().count == 5 }
      _ = try await reader.read(daemon) { $0.oldestUnsettled > 0 && $0.logChanges == 0 }
      try await site.directory.modify(
        "dn: uid=u1,\(site.base)\nchangetype: modify\nreplace: mail\nmail: other\n\ndn: uid=u2,\(site.base)\nchangetype: delete\n"
      )
      // Within one transaction nobody sees that triggers are off.
      try await site.sql(
        """
        DO $$
        DECLARE t name;
        BEGIN
          ALTER TABLE users DISABLE TRIGGER USER;
          UPDATE users SET email = 'new' WHERE id = 3;
          FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'users'::regclass AND NOT tgisinternal LOOP
            EXECUTE format('ALTER TABLE users ENABLE ALWAYS TRIGGER %I', t);
          END LOOP;
        END $$
        """)
      try await Reactor.run { daemon.daemon.engine.requestReconcile() }
      let metrics = try await reader.read(daemon) { $0.counters.drift.values.reduce(0, +) >= 3 }
      #expect(metrics.counters.drift == [.directory: 2, .source: 1, .unknown: 0])
      #expect(metrics.counters.changes[.reconcile] == 3 && metrics.reconcileDuration > 0)
    }
    #expect(try await site.value("mail", of: "1") == "m")
    #expect(try await site.value("mail", of: "3") == "new")
    try await reader.close()
  }

  @Test("what only a comparison finds counts although a row of another table has the same key and a change that waits")
  func driftBesideAnotherTablesKey() async throws {
    let world = try await World.shared
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    settings.directory = "timeout: 60s"
    settings.watch += "; CREATE TABLE things (id int, note text); SELECT rollcall.watch('things', 'id')"
    let site = try await world.site(settings)
    let reader = try await MetricsReader(site)
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { daemon in
      _ = try await reader.read(daemon) { $0.oldestUnsettled > 0 && $0.logChanges == 0 }
      // What waits for the directory keeps all that is logged from then on unsettled.
      tap.arm(.held(1))
      try await site.sql("UPDATE users SET email = 'new' WHERE id = 2")
      try await eventually("ben is held up") { tap.isReached }
      try await site.sql("INSERT INTO things VALUES (1, 'a')")
      try await site.directory.modify("dn: uid=ann,\(site.base)\nchangetype: modify\nreplace: mail\nmail: other\n")
      try await Reactor.run { daemon.daemon.engine.requestReconcile() }
      try await eventually("ann is put right") { try await site.value("mail", of: "1") == "ann@example.com" }
      #expect(try await site.value("mail", of: "2") == "ben@example.com", "ben still waits")
      _ = try await reader.read(daemon) { $0.counters.drift == [.directory: 1, .source: 0, .unknown: 0] }
      tap.release()
      try await eventually("ben is there") { try await site.value("mail", of: "2") == "new" }
    }
    try await reader.close()
  }

  @Test(
    "where PostgreSQL keeps the times of commits lag begins there, and at the trigger where it does not",
    arguments: [true, false])
  func commitTimes(_ hasCommitTimes: Bool) async throws {
    try await TemporaryFolder.with { folder in
      let world = try await World.shared
      let postgres =
        hasCommitTimes
        ? try await PostgresServer.start(in: folder, settings: ["track_commit_timestamp": "on"], durable: false)
        : world.postgres
      let site = try await world.site(on: postgres)
      let reader = try await MetricsReader(site)
      try await site.withDaemon { daemon in
        try await site.sql(
          "BEGIN; INSERT INTO users VALUES (1, 'ada', '', 'A', 'active'); SELECT pg_sleep(1.5); COMMIT")
        let metrics = try await reader.read(daemon) { $0.counters.totals.lag.count == 1 }
        #expect(metrics.lagFrom == (hasCommitTimes ? "commit" : "trigger"))
        let made = hasCommitTimes ? "pg_xact_commit_timestamp(j.xid::xid)" : "j.changed_at"
        let expected = try await site.sql(
          "SELECT (extract(epoch FROM j.at - \(made)) * 1e6)::bigint FROM rollcall.journal AS j WHERE action = 'create'"
        )
        let lag = metrics.counters.totals.lag.sum
        #expect(abs(lag - (Int(expected) ?? 0)) < 500_000, "\(lag) and \(expected)")
        if !hasCommitTimes { #expect(lag > 1_400_000) }
      }
      try await reader.close()
      if hasCommitTimes { await postgres.stop() }
    }
  }
}
