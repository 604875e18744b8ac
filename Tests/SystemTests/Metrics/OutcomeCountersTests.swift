import Reactor
import RollcallAdministration
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// Every label of the counters, from a daemon to which it happens.
@Suite struct OutcomeCountersTests {
  @Test("how looks at keys end, what is removed, and what the budget has left")
  func outcomes() async throws {
    var settings = SiteSettings.groups()
    settings.more = "removals: { most: 10%, least: 2, within: 24h }\nsweep: { every: 1s }"
    let site = try await World.shared.site(settings)
    let reader = try await MetricsReader(site)
    try await site.withDaemon { daemon in
      try await site.insert((1...10).map { "u\($0)" })
      try await site.grant([(5, "staff"), (6, "staff")])
      try await eventually("two are in the group") { try await site.members("staff") == ["u5", "u6"] }
      let begun = try await reader.read(daemon) { $0.managed == 10 && $0.logChanges == 0 }
      #expect(begun.budget == 2 && begun.pinned == 0 && begun.allParked == 0 && begun.allHeld == 0)

      let nothing = begun.counters.settled[.nothing] ?? 0
      try await site.sql("UPDATE users SET updated_at = now() WHERE id = 2")
      _ = try await reader.read(daemon, "nothing to do") { $0.counters.settled[.nothing] ?? 0 > nothing }

      try await site.sql("INSERT INTO users VALUES (11, NULL, '', 'Nameless', 'active')")
      let parked = try await reader.read(daemon, "parked") { $0.counters.settled[.parked] ?? 0 > 0 && $0.allParked > 0 }
      #expect(parked.parked == ["name-missing": 1])

      try await site.pin(["1"])
      try await site.sql("UPDATE users SET email = 'other@example.com' WHERE id = 1")
      let pinned = try await reader.read(daemon, "pinned") { $0.counters.settled[.pinned] ?? 0 > 0 }
      #expect(pinned.pinned == 1 && pinned.counters.removals.values.allSatisfy { $0 == 0 })

      try await site.sql("UPDATE users SET status = 'left' WHERE id = 3")
      try await site.sql("DELETE FROM user_roles WHERE user_id = 6")
      let removed = try await reader.read(daemon, "removed") {
        $0.counters.removals[.disable] == 1 && $0.counters.removals[.leave] == 1
      }
      #expect(removed.budget == 1 && removed.counters.removals[.delete] == 0)

      try await site.sql("DELETE FROM users WHERE id BETWEEN 5 AND 9")
      let held = try await reader.read(daemon, "held") {
        $0.held["delete"] == 5 && $0.counters.settled[.held] ?? 0 >= 5
      }
      #expect(held.counters.removals[.delete] == 0 && held.budget == 1)
      #expect(held.counters.settled[.applied] ?? 0 >= 11)
    }
    try await reader.close()
  }

  @Test("a date that has passed is counted as such")
  func due() async throws {
    let site = try await World.shared.site(DueTests.settings())
    let reader = try await MetricsReader(site)
    try await site.withDaemon { daemon in
      var people = 0
      // Where a date has passed before the row was read, the notification has brought the key: another one may do better.
      _ = try await reader.read(daemon) { metrics in
        if metrics.counters.changes[.due] ?? 0 > 0 { return true }
        if metrics.counters.operations[.done]?[.create] == people {
          people += 1
          try await site.sql(
            "INSERT INTO users VALUES (\(people), 'u\(people)', '', 'U', 'active', now(), now() + interval '3 s')")
        }
        return false
      }
    }
    try await reader.close()
  }

  @Test("what waits for the directory is in the queue, and its lost connection is counted")
  func queueAndDirectory() async throws {
    let world = try await World.shared
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    settings.directory = "timeout: 60s"
    let site = try await world.site(settings)
    let reader = try await MetricsReader(site)
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { daemon in
      _ = try await reader.read(daemon) { $0.managed == 2 && $0.queue.values.allSatisfy { $0 == 0 } }
      tap.arm(.held(1))
      try await site.sql("UPDATE users SET email = 'new' WHERE id = 2")
      try await eventually("ben is held up") { tap.isReached }
      let waiting = try await reader.read(daemon) { $0.queue.values.reduce(0, +) == 1 }
      #expect(waiting.counters.reconnects.values.allSatisfy { $0 == 0 })
      tap.letGo()
      tap.release()
      try await eventually("ben is there") { try await site.value("mail", of: "2") == "new" }
      let metrics = try await reader.read(daemon) {
        $0.isUp && $0.counters.reconnects[.directory] ?? 0 > 0 && $0.queue.values.allSatisfy { $0 == 0 }
      }
      #expect(metrics.counters.reconnects[.database] == 0)
    }
    try await reader.close()
  }

  @Test("a pin that has ended is none, although no daemon has taken it away")
  func endedPins() async throws {
    let site = try await World.shared.site()
    let reader = try await MetricsReader(site)
    try await site.sync()
    try await site.sql(
      """
      INSERT INTO rollcall.pinned (directory, key, because, actor, until)
      VALUES ('\(site.name)', '1', 'a', 'a', now() - interval '1 s'), ('\(site.name)', '2', 'a', 'a', NULL),
        ('\(site.name)', '3', 'a', 'a', now() + interval '1 h')
      """)
    #expect(try await reader.read { _ in true }.pinned == 2)
    try await reader.close()
  }
}
