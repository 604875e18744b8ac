import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Servers that are killed, frozen and restarted under a daemon that keeps running.
@Suite(.serialized) struct ServerFaultTests {
  private static let start = Task { try await FaultyWorld.start() }

  private func site(_ number: Int) async throws -> (FaultyWorld, Site) {
    let world = try await ServerFaultTests.start.value
    var settings = SiteSettings()
    settings.directory = "timeout: 5s"
    return (world, try await world.site(settings, number: number))
  }

  @Test("G2, G9: slapd is killed, and restarted; nobody is parked for it")
  func slapdDies() async throws {
    let (world, site) = try await site(1)
    try await site.insert((1...50).map { "u\($0)" })
    try await site.withDaemon { daemon in
      try await eventually("all are there") { try await site.names().count == 50 }
      try await world.directory.kill()
      let start = ContinuousClock.now
      try await site.sql("UPDATE users SET email = 'new' || id; DELETE FROM users WHERE id <= 5")
      #expect(ContinuousClock.now - start < .seconds(20), "HR waits for the directory")
      try await eventually("it is noticed") { try await daemon.statusText().hasPrefix("paused") }
      try await world.directory.start()
      try await eventually("all is caught up with") {
        let entries = try await site.entries(["mail"]).values
        return entries.count == 45 && entries.allSatisfy { $0["mail"].first?.text?.hasPrefix("new") == true }
      }
      #expect(try await site.parked().isEmpty)
    }
    try await site.expectInStep()
  }

  @Test("G2: slapd freezes with operations on their way, and thaws")
  func slapdFreezes() async throws {
    let (world, site) = try await site(2)
    try await site.insert((1...50).map { "u\($0)" })
    try await site.withDaemon { daemon in
      try await eventually("all are there") { try await site.names().count == 50 }
      try await world.directory.freeze()
      try await site.sql("UPDATE users SET username = 'a' || id")
      try await eventually("it is noticed") { try await daemon.statusText().hasPrefix("paused") }
      try await site.sql("UPDATE users SET username = 'b' || id")
      await world.directory.thaw()
      let wanted = (1...50).map { "b\($0)" }.sorted()
      try await eventually("all have their last name") { try await site.names() == wanted }
      try await eventually("the watermark has passed it, after another look") {
        try await site.sql(
          """
          SELECT count(*) FROM rollcall.change c, rollcall.directory d
          WHERE NOT pg_visible_in_snapshot(c.xid, d.watermark)
          """) == "0"
      }
      #expect(try await site.names() == wanted)
      #expect(try await site.parked().isEmpty)
    }
    try await site.expectInStep()
  }

  @Test("G2, G3: PostgreSQL restarts, in order and not")
  func postgresRestarts() async throws {
    let (world, site) = try await site(3)
    try await site.withDaemon { daemon in
      var number = 0
      for mode in ["fast", "immediate", "kill"] {
        number += 1
        try await site.insert(["before\(number)"], from: 10 * number)
        switch mode {
        case "fast": try await world.postgres.restart(mode: .fast)
        case "immediate": try await world.postgres.restart(mode: .immediate)
        default:
          try await world.postgres.kill()
          try await world.postgres.start()
        }
        // Nobody listens yet: the look that follows LISTEN finds it.
        try await site.insert(["after\(number)"], from: 10 * number + 1)
        try await eventually("\(mode): both are there") {
          try await site.names().count == 2 * number
        }
        try await eventually("\(mode): it is connected") {
          try await daemon.statusText().hasPrefix("connected")
        }
      }
    }
    try await site.expectInStep()
  }

  @Test("G9: PostgreSQL stops answering without a word, and comes back")
  func postgresFreezes() async throws {
    let (world, site) = try await site(4)
    try await site.withDaemon { daemon in
      try await site.insert(["ann"])
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await world.postgres.freeze()
      try await eventually("it is noticed") {
        try await daemon.statusText().hasPrefix("waiting for PostgreSQL")
      }
      await world.postgres.thaw()
      try await site.insert(["ben"], from: 2)
      try await eventually("ben is there") { try await site.names() == ["ann", "ben"] }
    }
    try await site.expectInStep()
  }
}
