import RollcallEngine
import Sandbox
import Testing

/// A directory that takes few writes a second.
@Suite struct SlowDirectoryTests {
  @Test("rule 13: a comparison that waits for room has no statement running, so no deadline runs against it")
  func nothingRunsWhileItWaits() async throws {
    let world = try await FaultyWorld.start()
    var settings = SiteSettings()
    settings.directory = "timeout: 2m"
    // Keys so long that the sockets' buffers do not hold them.
    settings.schema = "CREATE TABLE users (id text PRIMARY KEY, username text, email text, full_name text, status text)"
    let site = try await world.site(settings)
    try await site.sql(
      """
      INSERT INTO users SELECT n || repeat('k', 250), 'u' || n, 'x', 'First Last' || n, 'active'
      FROM generate_series(1, 80000) n
      """)
    try await site.withDaemon { _ in
      try await eventually(within: .seconds(30), "the first are there", poll: .milliseconds(5)) {
        try await !site.names().isEmpty
      }
      // Far more people than there is room for in the queue.
      try await world.directory.freeze()
      let sessions = "FROM pg_stat_activity WHERE application_name = 'rollcall \(site.name)'"
      try await eventually(within: .seconds(30), "every session of the daemon is idle") {
        try await site.sql("SELECT string_agg(state || ' ' || left(query, 60), ',') \(sessions) AND state <> 'idle'")
      } is: {
        $0 == ""
      }
      #expect(try await site.sql("SELECT reason LIKE 'comparing everybody%' FROM rollcall.directory") == "t")
      await world.directory.thaw()
    }
  }
}
