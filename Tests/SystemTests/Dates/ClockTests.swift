import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine

/// The database's clock is set while a daemon runs.
@Suite struct ClockTests {
  /// What HR writes right after the clock was set.
  enum Writes: CaseIterable {
    /// Somebody whom no date concerns, so that a look at dates is the first to find out.
    case another
    /// A few of those whom dates concern, or everybody.
    case few, many

    func sql(_ round: Int) -> String {
      switch self {
      case .another: "UPDATE users SET email = 'round\(round)' WHERE id = 50"
      case .few: "UPDATE users SET email = 'round\(round)' WHERE id IN (1, 2, 91, 92)"
      case .many: "UPDATE users SET email = 'round\(round)'"
      }
    }
  }

  @Test(
    "a clock that is set ahead, and back again, removes nobody unheld, whoever is written right after that",
    arguments: Writes.allCases)
  func setAheadAndBack(_ writes: Writes) async throws {
    let (clock, site) = try await site()
    try await site.withDaemon { running in
      try await quiet(running)
      try clock.set(ahead: 86_400)
      try await site.sql(writes.sql(1))
      try await eventually("whose contracts have ended by that clock are held") {
        try await held(site) == "1 2 3 4 5 because of the clock: true"
      }
      try await eventually("whose contracts have begun have come") { try await site.names().count == 65 }
      try await compared(running)
      #expect(try await held(site) == "1 2 3 4 5 because of the clock: true")

      try await quiet(running)
      try clock.set(ahead: 0)
      try await site.sql(writes.sql(2))
      try await eventually("whose contracts have not begun are held, and the others stay") {
        try await held(site) == "91 92 93 94 95 because of the clock: true"
      }
      try await compared(running)
      #expect(try await held(site) == "91 92 93 94 95 because of the clock: true")
      #expect(try await site.names().count == 65)
      #expect(try await site.sql("SELECT count(*) FROM rollcall.journal WHERE action IN ('delete', 'disable')") == "0")

      // Dates pass by the clock as it is now, and the budget decides again.
      try await site.sql("UPDATE users SET valid_until = now() + interval '1 second' WHERE id = 20")
      try await eventually("the next leaver is gone") { try await !site.names().contains("u20") }
      #expect(try await site.names().count == 64)
    }
    await site.postgres.stop()
  }

  @Test("a clock that is set back before a comparison that saw it ahead has ended: the next one holds removals, too")
  func setBackMeanwhile() async throws {
    let (clock, site) = try await site()
    try await site.withDaemon { running in
      let daemon = running.daemon
      @Sendable func notice() async throws { _ = try await Reactor.run { try await daemon.engine.due.clock.read() } }
      try await quiet(running)
      // Whom the comparison removes cannot be written down meanwhile.
      let holder = try await site.session()
      try await holder.run("BEGIN; LOCK TABLE rollcall.held IN EXCLUSIVE MODE")
      try clock.set(ahead: 86_400)
      try await notice()
      try await eventually("whose contracts have begun have come") { try await site.names().count == 65 }
      try await eventually("the others wait to be held") {
        let waiting = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%rollcall.held%'"
        return try await site.sql("SELECT count(*) \(waiting)") == "1"
      }
      try clock.set(ahead: 0)
      async let noticed: Void = notice()
      try await holder.run("COMMIT")
      try await noticed
      try await eventually("whose contracts have not begun are held") {
        try await held(site) == "91 92 93 94 95 because of the clock: true"
      }
      try await compared(running)
      #expect(try await site.names().count == 65)
    }
    await site.postgres.stop()
  }

  /// Sixty people. The contracts of five end within a day, and those of five others begin.
  private func site() async throws -> (clock: SettableClock, site: Site) {
    let world = try await World.shared
    let clock = try SettableClock.make(in: world.folder)
    let postgres = try await PostgresServer.start(
      in: world.folder, settings: ["max_connections": "30"], durable: false, clock: clock)
    // The budget would allow all of them to go.
    let site = try await world.site(DueTests.settings("{ most: 50%, least: 20 }"), on: postgres)
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, NULL, 'Full U' || n, 'active', now() FROM generate_series(1, 60) n;
      UPDATE users SET valid_until = now() + interval '12 hours' WHERE id <= 5;
      INSERT INTO users SELECT n, 'u' || n, NULL, 'Full U' || n, 'active', now(), now() + interval '12 hours'
      FROM generate_series(91, 95) n
      """)
    try await site.sync()
    #expect(try await site.names().count == 60)
    return (clock, site)
  }

  /// Who is held, and whether that is because the clock has jumped.
  private func held(_ site: Site) async throws -> String {
    try await site.sql(
      """
      SELECT string_agg(subject, ' ' ORDER BY subject) || ' because of the clock: ' || bool_and(reason LIKE '%clock%')
      FROM rollcall.held
      """)
  }

  /// Waits until no look at dates is at hand that would find the clock set before anybody is written.
  private func quiet(_ running: RunningDaemon) async throws {
    let daemon = running.daemon
    try await eventually("no look at dates is at hand") {
      try await Reactor.run {
        daemon.engine.dispatcher.queue.backlog == 0 && daemon.engine.due.wakesAt > .now + .seconds(10)
      }
    }
  }

  /// Waits until everybody has been compared since the clock was found set.
  private func compared(_ running: RunningDaemon) async throws {
    let daemon = running.daemon
    try await eventually("everybody is compared") {
      try await Reactor.run { !daemon.engine.clockHasJumped && !daemon.engine.reconciles.isUnderWay }
    }
  }
}
