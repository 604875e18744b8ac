import Sandbox

/// Breaks things at random, one after the other, and mends each.
struct ModelFaults: Sendable {
  enum Fault: String, CaseIterable, Sendable {
    case killDaemon, freezeDaemon, stopDaemon
    case killDirectory, freezeDirectory, restartDirectory
    case restartDatabase, crashDatabase, freezeDatabase
    case endSessions, endOneSession, alterTable
    case cutDatabase, refuseDatabase, swallowDatabase, slowDatabase
    case cutDirectory, refuseDirectory, swallowDirectory, slowDirectory

    /// What meets the servers themselves; the others meet one daemon.
    static let ofServers: [Fault] = [
      .killDirectory, .freezeDirectory, .restartDirectory, .restartDatabase, .crashDatabase, .freezeDatabase,
      .endSessions, .endOneSession, .alterTable,
    ]
    static let ofDaemons: [Fault] = Fault.allCases.filter { !ofServers.contains($0) }
  }

  let house: ModelHouse

  /// Goes on until the task is cancelled, and leaves nothing broken.
  func run(_ faults: [Fault], _ random: ModelRandom) async throws -> [Fault: Int] {
    var random = random
    var count: [Fault: Int] = [:]
    while !Task.isCancelled, !faults.isEmpty {
      try? await Task.sleep(for: random.seconds(0.2...2.5))
      if Task.isCancelled { break }
      let fault = random.pick(faults)
      count[fault, default: 0] += 1
      // Not to be cancelled half done.
      let drawn = random
      _ = random.next()
      try await Task.detached { try await perform(fault, drawn) }.value
    }
    return count
  }

  private func wait(_ random: inout ModelRandom, _ range: ClosedRange<Double>) async throws {
    try await Task.sleep(for: random.seconds(range))
  }

  private func perform(_ fault: Fault, _ drawn: ModelRandom) async throws {
    var random = drawn
    let world = house.world
    let number = random.below(await house.numbers.count)
    let daemon = await house.daemon(number).process
    let database = await house.database(number)
    let directory = await house.directory(number)
    let session = "application_name LIKE 'rollcall%'"
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
      try await world.directory.kill()
      try await wait(&random, 0...2)
      try await world.directory.start()
    case .freezeDirectory:
      try await world.directory.freeze()
      try await wait(&random, 0.1...6)
      await world.directory.thaw()
    case .restartDirectory: try await world.directory.restart()
    case .restartDatabase: try await world.postgres.restart(mode: random.chance(50) ? .fast : .immediate)
    case .crashDatabase:
      try await world.postgres.kill()
      try await world.postgres.start()
    case .freezeDatabase:
      try await world.postgres.freeze()
      try await wait(&random, 0.1...5)
      await world.postgres.thaw()
    case .endSessions:
      _ = try? await world.postgres.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE \(session)")
    case .endOneSession:
      _ = try? await world.postgres.psql(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE \(session)
        ORDER BY hashint4(pid + \(random.below(1000))) LIMIT 1
        """)
    case .alterTable:
      // As a migration does it, with HR at work; one that finds no gap is given up.
      let change = random.pick([
        "ADD COLUMN IF NOT EXISTS extra int", "DROP COLUMN IF EXISTS extra", "ALTER email TYPE varchar(300)",
        "ALTER email TYPE text", "ALTER full_name TYPE varchar(200)", "ADD COLUMN IF NOT EXISTS more text DEFAULT 'x'",
        "DROP COLUMN IF EXISTS more",
      ])
      _ = try? await house.site.sql("SET lock_timeout = '2s'; ALTER TABLE users \(change)")
    case .cutDatabase: await database.cut()
    case .cutDirectory: await directory.cut()
    case .refuseDatabase, .refuseDirectory:
      let proxy = fault == .refuseDatabase ? database : directory
      await proxy.refuse()
      try await wait(&random, 0.1...4)
      await proxy.resume()
    case .swallowDatabase, .swallowDirectory:
      let proxy = fault == .swallowDatabase ? database : directory
      await proxy.swallow()
      try await wait(&random, 0.1...9)
      await proxy.resume()
    case .slowDatabase, .slowDirectory:
      let proxy = fault == .slowDatabase ? database : directory
      await proxy.delay(.milliseconds(20 + random.below(150)))
      try await wait(&random, 0.5...4)
      await proxy.delay(.zero)
    }
  }
}
