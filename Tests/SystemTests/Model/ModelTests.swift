import Foundation
import RollcallEngine
import Sandbox
import Testing

/// G1, G2, G3, G4, G10: random transactions of several sessions against random faults; after quiet the directory is
/// exactly what the table says.
///
/// `ROLLCALL_MODEL_SECONDS` says for how long (90), `ROLLCALL_MODEL_SEED` repeats what an earlier run has drawn.
@Suite(.serialized) struct ModelTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seconds = environment["ROLLCALL_MODEL_SECONDS"].flatMap(Int.init) ?? 90
  /// Only faults of these kinds, separated by commas; all where it is not set.
  private static let kinds = environment["ROLLCALL_MODEL_FAULTS"].map { $0.split(separator: ",").map(String.init) }
  private static let seed = environment["ROLLCALL_MODEL_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1_000_000)
  /// Writers and faults rest once in so many seconds, for a look at the result.
  private static let round = 30

  @Test("G1: whatever happens in between, the directory converges to the table")
  func theModel() async throws { try await run(isHeld: false) }

  @Test("G1, G8: with groups, containers and a tiny budget too, once a person has released what is held")
  func theModelWithGroupsAndABudget() async throws { try await run(isHeld: true) }

  private func run(isHeld: Bool) async throws {
    print("model: ROLLCALL_MODEL_SEED=\(ModelTests.seed) ROLLCALL_MODEL_SECONDS=\(ModelTests.seconds)")
    let house = try await ModelHouse(isHeld: isHeld)
    try await house.startDaemons()
    var tally = ModelWriter.Tally()
    var faults: [ModelFaults.Fault: Int] = [:]
    let rounds = max(1, ModelTests.seconds / ModelTests.round)
    for round in 0..<rounds {
      let (written, broken) = try await chaos(house, round, first: tally.transactions)
      tally.transactions += written.transactions
      tally.changes += written.changes
      tally.failures += written.failures
      faults.merge(broken, uniquingKeysWith: +)
      if isHeld { try await expectWithinBudget(house.site) }
      try await converge(house, round)
      let sum = faults.values.reduce(0, +)
      print("model: \(round + 1)/\(rounds): \(tally.transactions) transactions, \(tally.changes) rows, \(sum) faults")
    }
    await house.stopDaemons()
    // A second look writes nothing.
    let outcome = try await house.site.sync(full: true)
    #expect(outcome.applied == 0 && outcome.parked == 0 && outcome.held == 0, "seed \(ModelTests.seed): \(outcome)")
    try await house.site.expectInStep()
    let kinds = faults.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
    print(
      "model: \(tally.transactions) transactions (\(tally.failures) failed) of \(tally.changes) rows, "
        + "\(faults.values.reduce(0, +)) faults: \(kinds.joined(separator: ", "))")
  }

  /// No more people were removed unasked than the budget has for all who ever were there.
  private func expectWithinBudget(_ site: Site) async throws {
    let counts = try await site.sql(
      """
      SELECT (SELECT count(DISTINCT key) FROM rollcall.removal), (SELECT count(DISTINCT key) FROM everybody)
      """
    ).split(separator: "|").compactMap { Int($0) }
    let (removed, all) = (counts.first ?? .max, counts.last ?? 0)
    #expect(removed <= max(2, (all + removed) / 20), "seed \(ModelTests.seed): \(removed) of \(all)")
  }

  private func chaos(
    _ house: ModelHouse, _ round: Int, first: Int
  ) async throws -> (ModelWriter.Tally, [ModelFaults.Fault: Int]) {
    func random(_ stream: Int) -> ModelRandom {
      ModelRandom(seed: ModelTests.seed, stream: UInt64(round * 100 + stream))
    }
    let writers = (0..<4).map { number in
      let writer = ModelWriter(house.site, number: number, hasGroups: house.isHeld)
      let drawn = random(number)
      return Task { await writer.run(drawn, from: 10_000 * (round + 1)) }
    }
    let breakers = [ModelFaults.Fault.ofServers, ModelFaults.Fault.ofDaemons].enumerated().map { number, all in
      let drawn = random(50 + number)
      let faults = all.filter { ModelTests.kinds?.contains($0.rawValue) != false }
      return Task { try await ModelFaults(house: house).run(faults, drawn) }
    }
    try await Task.sleep(for: .seconds(ModelTests.round))
    for breaker in breakers { breaker.cancel() }
    var broken: [ModelFaults.Fault: Int] = [:]
    for breaker in breakers { broken.merge(try await breaker.value, uniquingKeysWith: +) }
    for writer in writers { writer.cancel() }
    var tally = ModelWriter.Tally()
    for writer in writers {
      let written = await writer.value
      tally.transactions += written.transactions
      tally.changes += written.changes
      tally.failures += written.failures
    }
    return (tally, broken)
  }

  private func converge(_ house: ModelHouse, _ round: Int) async throws {
    let site = house.site
    #expect(try await house.deaths().isEmpty, "seed \(ModelTests.seed): a daemon has ended by itself")
    do {
      try await eventually(within: .seconds(90), "round \(round) converges", poll: .milliseconds(200)) {
        if house.isHeld { try await site.releaseAll() }
        return try await ModelOracle.differences(site)
      } is: {
        $0.isEmpty
      }
      try await eventually(within: .seconds(40), "the watermark passes it all", poll: .milliseconds(200)) {
        try await site.sql(
          """
          SELECT count(*) FROM rollcall.change c, rollcall.directory d
          WHERE d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark)
          """)
      } is: {
        $0 == "0"
      }
      try await eventually("nobody is parked", poll: .milliseconds(100)) { try await site.parked().isEmpty }
      #expect(try await ModelOracle.differences(site).isEmpty)
    } catch {
      print(await house.words())
      // Last, where the end of what was printed is all that is kept.
      print("model: seed \(ModelTests.seed), round \(round): \(error)")
      print(
        try await site.sql(
          """
          SELECT * FROM rollcall.directory; SELECT * FROM rollcall.parked LIMIT 20; SELECT * FROM rollcall.held LIMIT 20;
          SELECT * FROM rollcall.request WHERE done IS NULL; SELECT pg_current_snapshot();
          """))
      print(try await ModelOracle.traces(site))
      throw error
    }
  }
}

extension Site {
  /// Releases whatever is held, as an operator would who has looked at it.
  fileprivate func releaseAll() async throws {
    try await sql(
      """
      WITH released AS (UPDATE rollcall.held SET approved = true WHERE NOT approved RETURNING 1),
      asked AS (
        INSERT INTO rollcall.request (directory, kind) SELECT '\(name)', 'release' FROM released LIMIT 1 RETURNING id)
      SELECT pg_notify('rollcall', '{"request":"\(name)"}') FROM asked
      """)
  }
}
