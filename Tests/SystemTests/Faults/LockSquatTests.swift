import Reactor
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration
@testable import RollcallEngine
@testable import RollcallLedger

/// G10, G15: the leader's lock is an advisory lock, which anybody may take; it keeps nobody from leading.
@Suite struct LockSquatTests {
  /// Takes the lock of a directory that was connected before, as a role that may only connect.
  private func squat(_ site: Site, _ function: String) async throws -> SQLSession {
    let role = "mallory_\(site.name)"
    try await site.sql("CREATE ROLE \(role) LOGIN")
    return try await take(site, function, as: role)
  }

  private func take(_ site: Site, _ function: String, as role: String) async throws -> SQLSession {
    let subject = try await site.sql("SELECT server || ' ' || base FROM rollcall.directory")
    let session = try await site.session(as: role)
    // It looks like one of ours.
    try await session.run(
      """
      SET application_name = 'rollcall \(site.name)';
      SELECT \(function)(\(Leader.lockClass), \(await Leader.object(for: subject)))
      """)
    return session
  }

  @Test(
    "G15: a stranger with the leader's lock is named, and stands in nobody's way",
    arguments: ["pg_advisory_lock", "pg_advisory_lock_shared"])
  func aStrangerIsNamedAndGoneRound(_ function: String) async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.sync()
    #expect(try await site.report().isWell)
    let session = try await squat(site, function)
    let report = try await site.report()
    #expect(report.leader == nil && !report.isWell)
    let problem = try #require(report.problems.first)
    #expect(problem.code == .lock && problem.message.contains("of the role mallory_\(site.name)"))
    #expect(problem.fix?.hasPrefix("SELECT pg_terminate_backend(") == true)
    try await site.insert(["ben"], from: 2)
    try await site.withDaemon { _ in
      try await eventually("ben is there") { try await site.names() == ["ann", "ben"] }
      let report = try await site.report()
      #expect(report.isWell && report.leader != nil)
      // Who asks and who stands by find the lock that counts.
      #expect(try await site.sync().applied == nil)
    }
    #expect(try await site.sql("SELECT lock_number IS NOT NULL FROM rollcall.directory") == "t")
    try await session.run("SELECT pg_advisory_unlock_all()")
    try await site.expectInStep()
  }

  /// The lines of `rollcall check`.
  private func check(_ site: Site) async throws -> [String] {
    let configuration = site.configuration
    return try await Reactor.run {
      let inspection = Inspection(configuration)
      var lines: [String] = []
      inspection.onFinding = { lines.append($0.line) }
      _ = await inspection.run()
      return lines
    }
  }

  @Test("G15: check names a stranger with the leader's lock, and what to do")
  func checkNamesAStranger() async throws {
    let site = try await World.shared.site()
    try await site.sync()
    #expect(try await !check(site).contains { $0.contains("lock is held") })
    let session = try await squat(site, "pg_advisory_lock")
    let line = try #require(try await check(site).first { $0.contains("lock is held") })
    #expect(line.hasPrefix("warning: schema rollcall: the leader's lock is held by process "))
    #expect(
      line.contains(
        " of the role mallory_\(site.name) (application \"rollcall \(site.name)\"), which is not a Rollcall daemon"))
    #expect(line.contains("; SELECT pg_terminate_backend("))
    try await session.run("SELECT pg_advisory_unlock_all()")
    #expect(try await !check(site).contains { $0.contains("lock is held") })
  }

  @Test("G15: a prepared transaction with the leader's lock, which no process has, is named and stands in nobody's way")
  func aPreparedTransaction() async throws {
    let world = try await FaultyWorld.start(settings: ["max_prepared_transactions": "5"])
    let site = try await world.site()
    try await site.insert(["ann"])
    try await site.sync()
    let subject = try await site.sql("SELECT server || ' ' || base FROM rollcall.directory")
    try await site.sql("CREATE ROLE mallory LOGIN")
    try await site.postgres.psql(
      """
      BEGIN; SELECT pg_advisory_xact_lock(\(Leader.lockClass), \(await Leader.object(for: subject)));
      PREPARE TRANSACTION 'squat'
      """, user: "mallory", database: site.name)
    let report = try await site.report()
    #expect(report.leader == nil && !report.isWell)
    let problem = try #require(report.problems.first { $0.code == .lock })
    #expect(problem.message.contains("a prepared transaction of the role mallory, which is not a Rollcall daemon"))
    #expect(problem.fix == "look into pg_prepared_xacts and roll it back")
    #expect(try await check(site).contains { $0.contains("a prepared transaction of the role mallory") })
    try await site.insert(["ben"], from: 2)
    try await site.withDaemon { _ in
      try await eventually("ben is there") { try await site.names() == ["ann", "ben"] }
      #expect(try await site.report().leader != nil)
    }
    try await site.sql("ROLLBACK PREPARED 'squat'")
    try await site.expectInStep()
  }

  @Test("uninstall waits for the session of a process that has noted its end")
  func aSessionThatEnds() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.sync()
    let session = try await take(site, "pg_advisory_lock", as: site.name)
    let (configuration, administration) = (site.configuration, site.postgres.conninfo(database: site.name))
    let uninstalling = Task {
      try await Reactor.run {
        let uninstaller = try Uninstaller(configuration, connection: administration)
        defer { uninstaller.close() }
        return try await uninstaller.forgetDirectory()
      }
    }
    try await eventually("it has found the lock held") {
      try await site.sql(
        """
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
          AND application_name = 'rollcall uninstall' AND state = 'idle' AND query LIKE '%pg_locks%'
        """) == "1"
    }
    try await session.run("SELECT pg_advisory_unlock_all()")
    #expect(try await uninstalling.value)
  }

  @Test("G15: a stranger that waits for the lock and gets it when the leader goes keeps no successor out")
  func aStrangerInTheQueue() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    let waiting = try await site.run()
    try await eventually("ann is there") { try await site.names() == ["ann"] }
    let squatting = Task { try await squat(site, "pg_advisory_lock") }
    try await eventually("the stranger waits") {
      try await site.sql(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
          + "(SELECT oid FROM pg_database WHERE datname = current_database())") == "1"
    }
    try await waiting.stop()
    let session = try await squatting.value
    try await site.insert(["ben"], from: 2)
    try await site.withDaemon { _ in
      try await eventually("ben is there") { try await site.names() == ["ann", "ben"] }
    }
    try await session.run("SELECT pg_advisory_unlock_all()")
    try await site.expectInStep()
  }

  @Test("G10: whoever may lead, has the lock and does not answer is not waited for without end")
  func aLeaderThatDoesNotAnswer() async throws {
    let site = try await World.shared.site()
    try await site.sync()
    let session = try await take(site, "pg_advisory_lock", as: site.name)
    let asking = Task { try await site.sync() }
    try await eventually("it asks") {
      try await site.sql("UPDATE rollcall.request SET at = now() - interval '2 minutes' RETURNING 1") == "1"
    }
    let error = await #expect(throws: EngineError.self) { try await asking.value }
    #expect(error?.description.contains("does not answer") == true)
    try await session.run("SELECT pg_advisory_unlock_all()")
    try await site.sync()
  }
}
