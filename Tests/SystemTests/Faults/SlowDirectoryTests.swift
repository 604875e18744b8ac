import RollcallEngine
import Sandbox
import Testing

/// A directory that takes few writes a second.
@Suite struct SlowDirectoryTests {
  @Test("rule 13: a comparison that waits for room has no statement running, so no deadline runs against it")
  func nothingRunsWhileItWaits() async throws {
    let world = try await FaultyWorld.start()
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    settings.directory = "timeout: 5m"
    // Keys so long that the sockets' buffers do not hold them.
    settings.schema = "CREATE TABLE users (id text PRIMARY KEY, username text, email text, full_name text, status text)"
    let site = try await world.site(settings)
    try await site.sql(
      """
      INSERT INTO users SELECT n || repeat('k', 250), 'u' || n, 'x', 'First Last' || n, 'active'
      FROM generate_series(1, 80000) n
      """)
    try await site.withDaemon(compared: false) { _ in
      try await eventually(within: .seconds(120), "the first are written", poll: .milliseconds(5)) { tap.writes > 0 }
      // Far more people than there is room for in the queue.
      try await world.directory.freeze()
      let sessions = "FROM pg_stat_activity WHERE application_name LIKE 'rollcall \(site.name)%'"
      try await eventually(within: .seconds(120), "every session of the daemon is idle") {
        try await site.sql("SELECT string_agg(state || ' ' || left(query, 60), ',') \(sessions) AND state <> 'idle'")
      } is: {
        $0 == ""
      }
      #expect(try await site.sql("SELECT reason LIKE 'comparing everybody%' FROM rollcall.directory") == "t")
      await world.directory.thaw()
    }
  }

  @Test(
    "rule 13: at 20 writes a second a comparison waits for room longer than any deadline lasts",
    .enabled(if: ModelPlan.isLong))
  func twentyWritesASecond() async throws {
    let world = try await FaultyWorld.start()
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    tap.slowDown(to: .milliseconds(50))
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    settings.schema = "CREATE TABLE users (id text PRIMARY KEY, username text, email text, full_name text, status text)"
    let site = try await world.site(settings)
    try await site.sql(
      """
      INSERT INTO users SELECT n || repeat('k', 250), 'u' || n, 'x', 'First Last' || n, 'active'
      FROM generate_series(1, 80000) n
      """)
    try await site.withDaemon(compared: false) { running in
      try await eventually(within: .seconds(60), "it waits for room") {
        try await site.sql("SELECT reason FROM rollcall.directory").hasPrefix("comparing everybody")
          && tap.writes > 100
      }
      // A deadline that passes ends its session.
      let sessions = """
        SELECT string_agg(application_name || pid, ',' ORDER BY pid) FROM pg_stat_activity
        WHERE application_name LIKE 'rollcall \(site.name)%' AND backend_start < now() - interval '30 seconds'
        """
      try await Task.sleep(for: .seconds(60))
      let before = try await site.sql(sessions)
      let writes = tap.writes
      let since = try await site.sql("SELECT since FROM rollcall.directory")
      // The longest is that of 600 seconds.
      let began = ContinuousClock.now
      while ContinuousClock.now - began < .seconds(700) {
        try await Task.sleep(for: .seconds(20))
        try #require(try await site.sql(sessions) == before)
        try #require(try await site.sql("SELECT since FROM rollcall.directory") == since)
        try #require(try await running.statusText().hasPrefix("connected"))
      }
      #expect((12_000..<16_000).contains(tap.writes - writes), "\(tap.writes - writes) writes in 700 seconds")
      #expect(try await site.sql("SELECT reason LIKE 'comparing everybody%' FROM rollcall.directory") == "t")
      tap.slowDown(to: nil)
      try await eventually(within: .seconds(300), "everybody is there", poll: .seconds(2)) {
        try await site.sql("SELECT last_reconcile IS NOT NULL FROM rollcall.directory") == "t"
      }
    }
  }
}
