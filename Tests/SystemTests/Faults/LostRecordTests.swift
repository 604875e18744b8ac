import Sandbox
import Testing

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
}
