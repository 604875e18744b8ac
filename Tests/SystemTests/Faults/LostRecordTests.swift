import Reactor
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// G4: what PostgreSQL had not written to its disk when it crashed, and the process that leads is another one than before.
@Suite struct LostRecordTests {
  @Test("an entry whose making was the last thing that was noted is ours, and goes with its row")
  func anAdd() async throws {
    // What is not told to wait for the disk does not get there.
    let world = try await FaultyWorld.start(settings: ["synchronous_commit": "off", "wal_writer_delay": "10000"])
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    let site = try await world.site(settings)
    try await site.insert(["ann"])
    let first = try await DaemonProcess.start(site, in: world.folder)
    try await eventually("ann is there") { try await site.names() == ["ann"] }
    try await eventually("that is noted") {
      try await site.sql("SELECT (SELECT count(*) FROM rollcall.making), (SELECT count(*) FROM rollcall.entry)")
    } is: {
      $0 == "0|1"
    }
    try await site.sql("CHECKPOINT")
    tap.arm(.answer(1))
    try await site.sql(
      "SET synchronous_commit = on; INSERT INTO users VALUES (2, 'ben', 'x', 'Full Ben', 'active', now())")
    try await eventually("ben is made, and nobody has heard of it") { tap.isReached }
    try await world.postgres.kill()
    try await first.process.kill()
    tap.letGo()
    try await world.postgres.start()
    try await site.sql("DELETE FROM users WHERE id = 2")
    try await site.withDaemon { _ in
      try await eventually("ben is gone") { try await site.names() == ["ann"] }
    }
    #expect(try await site.heldActions() == "")
    try await site.expectInStep()
  }

  @Test("a comparison that began before another process found a promoted standby has not recorded everybody")
  func noticedByAnother() async throws {
    let site = try await World.shared.site()
    try await site.sync()
    let configuration = site.configuration
    try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      try await engine.link.connect()
      let facts = try #require(engine.link.facts)
      var record = try #require(try await engine.ledger.record())
      var identity = try await DatabaseIdentity.read(engine.sessions.database)
      for _ in 0..<2 { engine.noteAcquaintance(facts, record, identity) }
      #expect(engine.state.meetings.losses == 0 && engine.state.meetings.phase == .complete)
      // The other one has recorded the new timeline, and that entries are to be recorded.
      identity.timeline = "000000FF"
      record.timeline = identity.timeline
      record.isRecording = true
      engine.noteAcquaintance(facts, record, identity)
      #expect(engine.state.meetings.losses == 1 && engine.state.meetings.phase == .recording)
      // Or has recorded them already.
      identity.timeline = "00000100"
      record.timeline = identity.timeline
      record.isRecording = false
      engine.noteAcquaintance(facts, record, identity)
      #expect(engine.state.meetings.losses == 2 && engine.state.meetings.phase == .complete)
    }
  }
}
