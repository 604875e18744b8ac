import RollcallEngine
import Sandbox
import Testing

/// A directory that was restored from a backup.
@Suite(.serialized) struct RestoredDirectoryTests {
  @Test("G1: slapd is restored from slapcat's backup, with a clock and without", arguments: [true, false])
  func slapdIsRestored(_ hasClock: Bool) async throws {
    let world = try await FaultyWorld.start { $0.isProvider = hasClock }
    let site = try await world.site()
    try await site.insert((1...200).map { "u\($0)" })
    try await site.withDaemon { daemon in
      try await eventually("all are there") { try await site.names().count == 200 }
      let backup = try await world.directory.backup()
      try await site.sql("UPDATE users SET username = 'v' || id WHERE id <= 150; DELETE FROM users WHERE id > 190")
      try await eventually("all are changed") {
        let names = try await site.names()
        return names.count == 190 && names.count { $0.hasPrefix("v") } == 150
      }
      if hasClock {
        try await eventually("its clock is remembered") {
          try await site.sql("SELECT clock IS NOT NULL FROM rollcall.server") == "t"
        }
      }
      await world.directory.stop()
      try await world.directory.restore(backup)
      try await world.directory.start()
      try await eventually("what the backup did not have is there again") {
        let names = try await site.names()
        return names.count == 190 && names.count { $0.hasPrefix("v") } == 150
      }
      try await eventually("it is over") { try await daemon.statusText() == "connected" }
    }
    try await site.expectInStep()
  }

  @Test("G1: without a clock, a daemon that starts after a restore looks again at whom its predecessor confirmed last")
  func slapdIsRestoredWhileNoDaemonRuns() async throws {
    let world = try await FaultyWorld.start()
    let site = try await world.site()
    try await site.insert((1...200).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 200 }
    }
    let backup = try await world.directory.backup()
    let former = try await DaemonProcess.start(site, in: world.folder)
    try await former.ready()
    try await site.sql("UPDATE users SET username = 'v' || id WHERE id <= 150; DELETE FROM users WHERE id > 190")
    let changed = {
      let names = try await site.names()
      return names.count == 190 && names.count { $0.hasPrefix("v") } == 150
    }
    try await eventually("all are changed") { try await changed() }
    try await eventually("all is settled") {
      try await site.sql(
        """
        SELECT count(*) FROM rollcall.change c, rollcall.directory d
        WHERE d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark)
        """) == "0"
    }
    try await former.process.kill()
    #expect(try await site.sql("SELECT count(*) FROM rollcall.server WHERE clock IS NOT NULL") == "0")
    await world.directory.stop()
    try await world.directory.restore(backup)
    try await world.directory.start()
    let (before, journalled) = (
      try await site.sql("SELECT last_reconcile FROM rollcall.directory"),
      try await site.sql("SELECT max(id) FROM rollcall.journal")
    )
    try await site.withDaemon(compared: false) { _ in
      try await eventually("what the backup did not have is there again") { try await changed() }
      // One of them was enough to doubt all the others.
      try await eventually("everybody was compared") {
        try await site.sql("SELECT last_reconcile FROM rollcall.directory") != before
      }
    }
    #expect(
      try await site.sql(
        """
        SELECT cause, count(DISTINCT key) FROM rollcall.journal WHERE id > \(journalled) AND outcome = 'done' GROUP BY cause
        """) == "sweep|160")
    try await site.expectInStep()
  }
}
