import Sandbox

/// Breaks things at random, one after the other, and mends each.
struct ModelFaults: Sendable {
  enum Fault: String, CaseIterable, Sendable {
    case killDaemon, freezeDaemon, stopDaemon
    case killDirectory, freezeDirectory, restartDirectory
    case cutReplication, swallowReplication
    case restartDatabase, crashDatabase, freezeDatabase
    /// A standby takes over that lacks the last commits.
    case loseStandby
    case endSessions, endOneSession, alterTable, alterKey
    case cutDatabase, refuseDatabase, swallowDatabase, slowDatabase
    case cutDirectory, refuseDirectory, swallowDirectory, slowDirectory

    /// What meets one daemon; the others meet the servers themselves.
    static let ofDaemons: [Fault] = [
      .killDaemon, .freezeDaemon, .stopDaemon, .cutDatabase, .refuseDatabase, .swallowDatabase, .slowDatabase,
      .cutDirectory, .refuseDirectory, .swallowDirectory, .slowDirectory,
    ]
  }

  let house: ModelHouse

  /// Goes on until the task is cancelled, and leaves nothing broken.
  ///
  /// - Returns: how many there were of each kind; only those that came to something.
  func run(_ faults: [Fault], _ random: ModelRandom) async throws -> [Fault: Int] {
    var random = random
    var count: [Fault: Int] = [:]
    while !Task.isCancelled, !faults.isEmpty {
      try? await Task.sleep(for: random.seconds(0.2...2.5))
      if Task.isCancelled { break }
      let fault = random.pick(faults)
      // Not to be cancelled half done.
      let drawn = random
      _ = random.next()
      if try await Task.detached(operation: { try await perform(fault, drawn) }).value {
        count[fault, default: 0] += 1
      }
    }
    return count
  }

  private func wait(_ random: inout ModelRandom, _ range: ClosedRange<Double>) async throws {
    try await Task.sleep(for: random.seconds(range))
  }

  /// - Returns: whether it came to something.
  private func perform(_ fault: Fault, _ drawn: ModelRandom) async throws -> Bool {
    var random = drawn
    let number = random.below(await house.numbers.count)
    let daemon = await house.daemon(number).process
    let database = await house.database(number)
    let way = random.pick(await house.directories(number))
    let directory = random.pick(house.directories)
    let postgres = house.postgres
    switch fault {
    case .killDaemon:
      try await daemon.kill()
      try await wait(&random, 0...1)
      try await house.restart(number)
    case .stopDaemon:
      await daemon.stop()
      try await house.restart(number)
    case .freezeDaemon:
      try await daemon.freeze()
      try await wait(&random, 0.1...13)
      daemon.thaw()
    case .killDirectory:
      try await directory.kill()
      try await wait(&random, 0...2)
      try await directory.start()
    case .freezeDirectory:
      try await directory.freeze()
      try await wait(&random, 0.1...6)
      await directory.thaw()
    case .restartDirectory: try await directory.restart()
    case .restartDatabase: try await postgres.restart(mode: random.chance(50) ? .fast : .immediate)
    case .crashDatabase:
      try await postgres.kill()
      try await postgres.start()
    case .freezeDatabase:
      try await postgres.freeze()
      try await wait(&random, 0.1...5)
      await postgres.thaw()
    case .loseStandby: try await loseStandby(&random)
    case .cutReplication:
      await house.mirror?.toFirst.cut()
      await house.mirror?.toSecond.cut()
    case .swallowReplication:
      guard let mirror = house.mirror else { return false }
      let proxy = random.chance(50) ? mirror.toFirst : mirror.toSecond
      await proxy.swallow()
      try await wait(&random, 0.5...8)
      await proxy.resume()
      await proxy.cut()
    case .endSessions: return await endSessions("")
    case .endOneSession: return await endSessions("ORDER BY hashint4(pid + \(random.below(1000))) LIMIT 1")
    case .alterTable:
      return await alter(
        random.pick([
          "ADD COLUMN IF NOT EXISTS extra int", "DROP COLUMN IF EXISTS extra", "ALTER email TYPE varchar(300)",
          "ALTER email TYPE text", "ALTER full_name TYPE varchar(200)", "ALTER full_name TYPE text",
          "ALTER username TYPE varchar(100)", "ALTER username TYPE text", "ALTER status TYPE varchar(20)",
          "ADD COLUMN IF NOT EXISTS more text DEFAULT 'x'", "DROP COLUMN IF EXISTS more",
        ]))
    case .alterKey: return await alter("ALTER id TYPE \(random.chance(50) ? "bigint" : "int")")
    case .cutDatabase: await database.cut()
    case .cutDirectory: await way.cut()
    case .refuseDatabase, .refuseDirectory:
      let proxy = fault == .refuseDatabase ? database : way
      await proxy.refuse()
      try await wait(&random, 0.1...4)
      await proxy.resume()
    case .swallowDatabase, .swallowDirectory:
      let proxy = fault == .swallowDatabase ? database : way
      await proxy.swallow()
      try await wait(&random, 0.1...9)
      await proxy.resume()
    case .slowDatabase, .slowDirectory:
      let proxy = fault == .slowDatabase ? database : way
      await proxy.delay(.milliseconds(20 + random.below(150)))
      try await wait(&random, 0.5...4)
      await proxy.delay(.zero)
    }
    return true
  }

  /// As a migration does it, with HR at work; one that finds no gap is given up. Transactions that are prepared would
  /// keep it waiting.
  private func alter(_ change: String) async -> Bool {
    for _ in 0..<3 {
      let prepared = (try? await house.site.sql("SELECT gid FROM pg_prepared_xacts")) ?? ""
      for gid in prepared.split(separator: "\n") { _ = try? await house.site.sql("COMMIT PREPARED '\(gid)'") }
      if (try? await house.site.sql("SET lock_timeout = '1s'; ALTER TABLE users \(change)")) != nil { return true }
    }
    return false
  }

  /// - Parameter which: SQL that says which of them.
  private func endSessions(_ which: String) async -> Bool {
    let ended = try? await house.postgres.psql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'rollcall%' \(which)")
    return ended?.contains("t") == true
  }

  /// The primary dies, and its address goes to a standby that has not received all.
  private func loseStandby(_ random: inout ModelRandom) async throws {
    let replication = try await TCPProxy.start(to: house.postgres.port)
    let standby = try await house.postgres.startStandby(through: replication.port)
    try await wait(&random, 0...1)
    await replication.refuse()
    try await wait(&random, 0...1.5)
    await house.noteLostCommits()
    try await house.postgres.giveWay(to: standby)
    await replication.stop()
  }
}
