import Reactor
import Sandbox
import Testing

@testable import RollcallEngine

/// The database's clock is set: what counts by time goes on as if it had not been.
@Suite struct ClockBudgetTests {
  @Test(
    "a clock that is set ahead by more than removals.within gives no second budget, while a daemon runs or not",
    arguments: [false, true], [false, true])
  func noSecondBudget(_ hasDates: Bool, _ restarts: Bool) async throws {
    let (clock, site) = try await site(hasDates)
    let times = """
      SELECT count(*), bool_and(at BETWEEN now() - interval '9 minutes' AND now() + interval '1 minute')
      FROM rollcall.removal
      """
    func spend(_ running: RunningDaemon) async throws {
      try await site.sql("DELETE FROM users WHERE id <= 3")
      try await eventually("the budget is spent") { try await site.names().count == 57 }
    }
    func expectNoMore(_ running: RunningDaemon, _ key: Int) async throws {
      let daemon = running.daemon
      _ = try await Reactor.run { try await daemon.engine.due.clock.read() }
      try await eventually("everybody is compared, if need be") {
        try await Reactor.run { !daemon.engine.clockHasJumped && !daemon.engine.reconciles.isUnderWay }
      }
      try await site.sql("DELETE FROM users WHERE id = \(key)")
      try await eventually("\(key) is held") {
        try await site.sql("SELECT count(*) FROM rollcall.held WHERE subject = '\(key)' AND reason NOT LIKE '%clock%'")
          == "1"
      }
      #expect(try await site.names().count == 57)
      #expect(try await site.sql(times) == "3|t")
    }
    if restarts {
      try await site.withDaemon { try await spend($0) }
      try clock.set(ahead: 2 * 86_400)
      try await site.withDaemon { try await expectNoMore($0, 4) }
      try clock.set(ahead: 0)
      try await site.withDaemon { try await expectNoMore($0, 5) }
    } else {
      try await site.withDaemon { running in
        try await spend(running)
        try clock.set(ahead: 2 * 86_400)
        try await expectNoMore(running, 4)
        try clock.set(ahead: 0)
        try await expectNoMore(running, 5)
      }
    }
    // Time that has passed does free it.
    try await site.sql("UPDATE rollcall.removal SET at = at - interval '25 hours'; DELETE FROM users WHERE id = 6")
    try await site.withDaemon { _ in
      try await eventually("the next one goes") { try await !site.names().contains("u6") }
    }
    await site.postgres.stop()
  }

  @Test("memberships have their own budget, which is kept, too")
  func memberships() async throws {
    let (clock, site) = try await site(false, groups: true)
    try await site.withDaemon { running in
      try await site.sql("DELETE FROM user_roles WHERE user_id <= 3")
      try await eventually("the budget is spent") { try await site.members("crew")?.count == 57 }
      try clock.set(ahead: 2 * 86_400)
      try await site.sql("DELETE FROM user_roles WHERE user_id = 4")
      try await eventually("the next one is held") {
        try await site.sql("SELECT action, subject FROM rollcall.held") == "leave|4"
      }
      #expect(try await site.members("crew")?.count == 57)
    }
    await site.postgres.stop()
  }

  @Test("a clock that is set ahead by more than journal.keep does not empty the journal", arguments: [false, true])
  func theJournalStays(_ hasDaemon: Bool) async throws {
    let (clock, site) = try await site(false)
    func rows() async throws -> Int { Int(try await site.sql("SELECT count(*) FROM rollcall.journal")) ?? -1 }
    let all = try await rows()
    #expect(all >= 60)
    func prune(_ running: RunningDaemon) async throws {
      let daemon = running.daemon
      try await Reactor.run { await daemon.engine.pruner.prune(force: true) }
    }
    if hasDaemon {
      try await site.withDaemon { running in
        try await prune(running)
        #expect(try await rows() == all)
        try clock.set(ahead: 100 * 86_400)
        try await prune(running)
        #expect(try await rows() == all)
      }
      // Not by the next process either.
      try await site.withDaemon { try await prune($0) }
    } else {
      try clock.set(ahead: 100 * 86_400)
      try await site.sql("UPDATE users SET email = 'x' WHERE id = 1")
      try await site.sync()
      #expect(try await site.sql("SELECT count(*) FROM rollcall.change") == "0", "the log is pruned")
    }
    #expect(try await rows() >= all)
    try clock.set(ahead: 0)
    // What is old by a clock that is right goes.
    try await site.sql("UPDATE rollcall.journal SET at = now() - interval '91 days'")
    try await site.withDaemon { try await prune($0) }
    #expect(try await rows() == 0)
    await site.postgres.stop()
  }

  /// Sixty people, of whom three may go within a day.
  private func site(_ hasDates: Bool, groups: Bool = false) async throws -> (clock: SettableClock, site: Site) {
    let world = try await World.shared
    let clock = try SettableClock.make(in: world.folder)
    let postgres = try await PostgresServer.start(
      in: world.folder, settings: ["max_connections": "30"], durable: false, clock: clock)
    let removals = "{ most: 1%, least: 3, within: 24h }"
    var settings = groups ? SiteSettings.groups() : hasDates ? DueTests.settings(removals) : SiteSettings()
    settings.more = "removals: \(removals)"
    let site = try await world.site(settings, on: postgres)
    try await site.sql(
      """
      INSERT INTO users (id, username, full_name, status)
      SELECT n, 'u' || n, 'Full U' || n, 'active' FROM generate_series(1, 60) n
      """)
    if groups { try await site.sql("INSERT INTO user_roles SELECT n, 'crew' FROM generate_series(1, 60) n") }
    try await site.sync()
    #expect(try await site.names().count == 60)
    return (clock, site)
  }
}
