import LDAPModel
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// G10: one writer, whatever becomes of it.
@Suite struct LeadershipTests {
  /// Two daemons of one configuration, each with a way of its own to both servers.
  private struct Pair {
    var site: Site
    var first: DaemonProcess
    var second: DaemonProcess
    var firstDatabase: TCPProxy
    var firstDirectory: LDAPTap
    var secondDirectory: LDAPTap

    func stop() async throws {
      for daemon in [first, second] { try await daemon.process.kill() }
      firstDirectory.stop()
      secondDirectory.stop()
    }
  }

  private func pair() async throws -> Pair {
    let world = try await World.shared
    return try await pair(of: world.site(), world.postgres.port, world.directory.port, in: world.folder)
  }

  private func pair(
    of site: Site, _ databasePort: Int, _ directoryPort: Int, in folder: TemporaryFolder
  ) async throws -> Pair {
    let database = try await TCPProxy.start(to: databasePort)
    let (one, two) = (try LDAPTap(to: directoryPort), try LDAPTap(to: directoryPort))
    func yaml(_ database: Int, _ directory: Int) -> String {
      site.yaml.replacing("port=\(databasePort)", with: "port=\(database)")
        .replacing("127.0.0.1:\(directoryPort)", with: "127.0.0.1:\(directory)")
    }
    let first = try await DaemonProcess.start(site, in: folder, name: "first", yaml: yaml(database.port, one.port))
    try await first.ready()
    let second = try await DaemonProcess.start(site, in: folder, name: "second", yaml: yaml(databasePort, two.port))
    try await eventually("the second stands by") {
      try second.process.printed().contains("standing by")
    }
    return Pair(
      site: site, first: first, second: second, firstDatabase: database, firstDirectory: one, secondDirectory: two)
  }

  /// How long it takes until the second leads and a change is in the directory.
  private func takeover(_ pair: Pair) async throws -> Duration {
    let start = ContinuousClock.now
    try await eventually(within: .seconds(40), "the second leads") { try await pair.second.leads() }
    let duration = ContinuousClock.now - start
    try await pair.site.insert(["late"], from: 1000)
    try await eventually("it is at work") { try await pair.site.names().contains("late") }
    return duration
  }

  @Test("G10: the standby takes over within two seconds of the leader's death")
  func theLeaderDies() async throws {
    let pair = try await pair()
    try await pair.site.insert(["ann"])
    try await eventually("ann is there") { try await pair.site.names() == ["ann"] }
    #expect(pair.secondDirectory.writes == 0)
    try await pair.first.process.kill()
    let duration = try await takeover(pair)
    // Two on a machine of its own; tests share theirs.
    #expect(duration < .seconds(15), "\(duration)")
    try await pair.stop()
    try await pair.site.expectInStep()
  }

  @Test("G10: a frozen leader is followed within fifteen seconds, and does not write when it wakes up")
  func theLeaderFreezes() async throws {
    let pair = try await pair()
    // It freezes in the middle of its work, with more in its queue.
    pair.firstDirectory.arm(.request(20))
    try await pair.site.insert((1...200).map { "u\($0)" })
    try await eventually("it is at work") { pair.firstDirectory.isReached }
    try await pair.first.process.freeze()
    let duration = try await takeover(pair)
    #expect(duration < .seconds(20), "\(duration)")
    try await eventually("the second has done it all") {
      try await pair.site.names().count == 201
    }
    try await pair.site.sql("DELETE FROM users WHERE id BETWEEN 50 AND 100; UPDATE users SET email = 'second'")
    try await eventually("and more") {
      try await pair.site.entries(["mail"]).values.filter { $0["mail"] == ["second"] }.count == 150
    }
    let before = pair.firstDirectory.writes
    pair.firstDirectory.letGo()
    pair.first.process.thaw()
    try await eventually("the first stands by") {
      try pair.first.process.printed().contains("standing by")
    }
    #expect(pair.firstDirectory.writes == before, "it has written after it was followed")
    try await pair.stop()
    try await pair.site.expectInStep()
  }

  @Test("G10: a leader whose cable to the database is cut is followed within fifteen seconds")
  func theCableIsCut() async throws {
    let pair = try await pair()
    try await pair.site.insert(["ann"])
    try await eventually("ann is there") { try await pair.site.names() == ["ann"] }
    await pair.firstDatabase.swallow()
    let duration = try await takeover(pair)
    #expect(duration < .seconds(20), "\(duration)")
    let before = pair.firstDirectory.writes
    try await pair.site.insert(["ben"], from: 2)
    try await eventually("ben is there") { try await pair.site.names().contains("ben") }
    #expect(pair.firstDirectory.writes == before)
    await pair.firstDatabase.resume()
    try await eventually("the first stands by") {
      try pair.first.process.printed().contains("standing by")
    }
    #expect(try await pair.second.leads())
    #expect(try await pair.site.sql("SELECT state FROM rollcall.directory") == "connected")
    try await pair.stop()
    try await pair.site.expectInStep()
  }

  @Test("G10: a leader that has not heard yet that it leads no more does not write beside its successor")
  func theNewsIsSlow() async throws {
    let pair = try await pair()
    let (site, tap) = (pair.site, pair.firstDirectory)
    // It has more to write than it may have on its way at once, and waits for answers.
    tap.arm(.stuck(3))
    try await site.sql(
      "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, 20) n")
    try await eventually("it is at work") { tap.isReached }
    await pair.firstDatabase.swallow()
    try await site.sql(
      """
      SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.classid = \(Leader.lockClass)
        AND a.application_name = 'rollcall \(site.name)'
      """)
    try await eventually("the second writes", poll: .milliseconds(10)) {
      pair.secondDirectory.writes > 0
    }
    let (sent, unanswered) = (tap.writes, tap.unanswered)
    #expect(sent < 20)
    tap.deliverLate()
    try await eventually("the answer comes") { tap.unanswered < unanswered }
    await pair.firstDatabase.resume()
    try await eventually("the first stands by") {
      try pair.first.process.printed().contains("standing by")
    }
    #expect(tap.writes == sent, "it has written after it was followed")
    try await eventually("the second does it all") { try await site.names().count == 20 }
    try await pair.stop()
    try await site.expectInStep()
  }
}
