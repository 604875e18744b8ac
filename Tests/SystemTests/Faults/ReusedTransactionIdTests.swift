import Reactor
import RollcallCore
import RollcallLedger
import Sandbox
import Testing

@testable import RollcallEngine

/// A crash of PostgreSQL takes transaction ids back that it has given out and not written down.
///
/// Two things keep what was seen from hiding a change then. A daemon's sessions end with the crash, and whoever has to
/// become the leader anew reads the log from the stored watermark. And a look that meets the restarted server before
/// that is noticed sees that ids are given out anew.
@Suite struct ReusedTransactionIdTests {
  private func world() async throws -> FaultyWorld {
    try await FaultyWorld.start(settings: ["synchronous_commit": "off", "wal_writer_delay": "10000"])
  }

  @Test("G2: a look that meets the restarted server before the loss is noticed goes back to what is stored")
  func aLookThatIsTooEarly() async throws {
    let world = try await world()
    let site = try await world.site()
    try await site.insert(["ann"])
    try await site.sync()
    try await site.sql("CHECKPOINT")
    let configuration = site.configuration
    try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      let watermark = try await engine.ledger.record()?.watermark
      try await engine.resume(from: watermark)
      let sweeper = try #require(engine.sweeper)
      // Ids that are seen and that nothing on the disk knows of.
      let last = try await site.sql(
        """
        DO $$ BEGIN FOR i IN 1..500 LOOP PERFORM pg_current_xact_id(); ROLLBACK; END LOOP; END $$;
        SELECT pg_current_xact_id()
        """)
      try await sweeper.look()
      try await world.postgres.kill()
      try await world.postgres.start()
      let written = try await site.sql(
        "SET synchronous_commit = on; UPDATE users SET email = 'kept' WHERE id = 1 RETURNING pg_current_xact_id()")
      let ids = [written, last].compactMap { $0.split(separator: "\n").first.flatMap { UInt64($0) } }
      #expect(ids.count == 2 && ids[0] < ids[1], "no id was given out twice: \(ids)")
      #expect(!engine.dispatcher.queue.contains("1"))
      engine.sessions.database.close()
      try await sweeper.look()
      #expect(sweeper.hasStopped, "what it has seen hides the change")
      // As the engine does where it leads.
      try await engine.resume(from: watermark)
      try await engine.sweeper?.look()
      #expect(engine.dispatcher.queue.contains("1"))
    }
  }

  @Test("G2: a change under a transaction id that was seen before a crash is seen")
  func idsAreGivenOutAgain() async throws {
    let world = try await world()
    let (postgres, directory) = (world.postgres, world.directory)
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
        try await eventually("attempt \(attempt): what was committed is there") {
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
