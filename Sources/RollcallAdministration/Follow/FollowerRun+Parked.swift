internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Subjects whose rows the program does not take: only their own rows wait.
extension FollowerRun {
  /// The delay between attempts for a parked key.
  private static let parkedBackoff = Backoff(base: .seconds(5), cap: .seconds(600))

  func park(_ subject: String, _ attempts: Int, _ message: String) async {
    guard let row = lanes[subject]?.first else { return }
    say("key \(RosterKey(subject).shown) is parked: row \(row.id) was not taken: \(message)")
    let rows = lanes.removeValue(forKey: subject) ?? []
    let first = rows.map(\.id).min() ?? row.id
    returning[subject] = []
    do throws(EngineError) {
      try await store.park(
        FollowerStore.Parked(key: subject, first: first, attempts: attempts), message,
        for: Self.parkedBackoff.delay(attempt: 1, random: Double.random(in: 0..<1)))
      // Later rows wait behind it.
      parked[subject] = first
      for row in rows { settle(row) }
      for row in returning.removeValue(forKey: subject) ?? [] { try await take(row) }
    } catch {
      fail(error)
    }
  }

  func tryParked() async throws(EngineError) {
    if parked.isEmpty || lastTried.map({ $0.duration(to: .now) < .milliseconds(500) }) == true { return }
    lastTried = .now
    for key in try await store.parked(onlyDue: true) where parked[key.key] != nil && draining.insert(key.key).inserted {
      start {
        await self.drain(key)
        self.draining.remove(key.key)
      }
    }
  }

  /// Passes a parked subject's rows on, one after the other, until one is not taken or there are no more.
  private func drain(_ key: FollowerStore.Parked) async {
    var (next, attempts) = (key.first, key.attempts)
    do throws(EngineError) {
      while !isStopping {
        guard let row = try await store.row(of: key.key, from: next) else {
          guard let first = try await takeBack(key.key) else { return }
          next = first
          continue
        }
        switch await hand(row) {
        case .taken:
          attempts = 0
          if !window.begin.includes(row.tx) { taken[row.id] = row.tx }
          next = try await store.passed(key.key, row.id, expecting: next)
        case .failed(let message):
          attempts += 1
          return try await store.park(
            FollowerStore.Parked(key: key.key, first: row.id, attempts: attempts), message,
            for: Self.parkedBackoff.delay(attempt: attempts, random: Double.random(in: 0..<1)))
        case .again(let message):
          tell(message)
          await pause(Self.backoff, 3)
        }
      }
    } catch {
      fail(error)
    }
  }

  /// Unparks a subject that has no further rows and returns nil; otherwise returns the row that it is to have next.
  private func takeBack(_ subject: String) async throws(EngineError) -> Int? {
    returning[subject] = []
    let first = try await store.unpark(subject)
    let rows = returning.removeValue(forKey: subject) ?? []
    parked[subject] = first
    for row in rows { try await take(row) }
    return first
  }
}
