import Sandbox
import Testing

/// A crash of PostgreSQL takes transaction ids back that it has given out and not written down.
@Suite struct ReusedTransactionIdTests {
  @Test("G2: a change under a transaction id that was seen before a crash is seen")
  func idsAreGivenOutAgain() async throws {
    let folder = try TemporaryFolder()
    let postgres = try await PostgresServer.start(
      in: folder,
      settings: ["max_connections": "100", "synchronous_commit": "off", "wal_writer_delay": "10000"], durable: false)
    let directory = try await DirectoryServer.start(in: folder, options: OpenLDAPOptions())
    let world = FaultyWorld(folder: folder, postgres: postgres, directory: directory)
    var settings = SiteSettings()
    settings.more += "\nsweep: { every: 200ms }"
    let site = try await world.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      for attempt in 1...6 {
        try await eventually("all is settled and stored") {
          try await site.sql(
            """
            SELECT count(*) FROM rollcall.change c, rollcall.directory d
            WHERE d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark)
            """) == "0"
        }
        // What is seen from now on does not settle, so no watermark is stored for it, and the last one that was is safe.
        try await directory.freeze()
        try await site.sql("UPDATE users SET email = 'waits' WHERE id = 1")
        var last = ""
        try await eventually("no watermark is stored any more", poll: .milliseconds(500)) {
          let now = try await site.sql("SELECT watermark, looked_at FROM rollcall.directory")
          defer { last = now }
          return now == last
        }
        try await site.sql("CHECKPOINT")
        try await site.sql(
          """
          DO $$ BEGIN
            FOR i IN 1..20 LOOP
              UPDATE users SET email = 'lost' || i WHERE id = 1;
              COMMIT;
              PERFORM pg_sleep(0.05);
            END LOOP;
          END $$
          """)
        try await postgres.kill()
        try await postgres.start()
        let isLost = try await site.sql("SELECT email FROM users WHERE id = 1") != "lost20"
        let number = try await site.sql("UPDATE users SET email = 'kept\(attempt)' WHERE id = 2 RETURNING id")
        #expect(number.hasPrefix("2"))
        await directory.thaw()
        try await eventually(within: .seconds(20), "attempt \(attempt): what was committed is there") {
          try await site.value("mail", of: "2")
        } is: {
          $0 == "kept\(attempt)"
        }
        if isLost { return }
      }
      Issue.record("PostgreSQL has lost nothing in six crashes")
    }
  }
}
