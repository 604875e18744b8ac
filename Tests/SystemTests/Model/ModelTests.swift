import Foundation
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration

/// G1, G2, G3, G4, G10: random transactions of several sessions against random faults; after quiet the directory is
/// exactly what the table says.
@Suite(.serialized) struct ModelTests {
  /// Writers and faults rest once in so many seconds, for a look at the result.
  private static let round = 30
  /// The second directory is away for all but one in so many rounds.
  private static let away = 4

  @Test("G1: whatever happens in between, the directory converges to the table")
  func theModel() async throws { try await run(ModelPlan(hasSecond: ModelPlan.isLong)) }

  @Test("G1, G8: with groups, containers and a tiny budget too, once a person has released what is held")
  func theModelWithGroupsAndABudget() async throws { try await run(ModelPlan(isHeld: true)) }

  @Test(
    "G1: with two providers that replicate to each other, both hold what the table says",
    .enabled(if: ModelPlan.isLong && ModelPlan.directory == .openLDAP))
  func theModelWithAMirror() async throws { try await run(ModelPlan(isMirrored: true)) }

  private func run(_ plan: ModelPlan) async throws {
    print("model: ROLLCALL_MODEL_SEED=\(ModelPlan.seed) ROLLCALL_MODEL_SECONDS=\(ModelPlan.seconds) \(plan)")
    let house = try await ModelHouse(plan)
    try await house.startDaemons()
    var tally = ModelWriter.Tally()
    var faults: [ModelFaults.Fault: Int] = [:]
    var pins = ModelOperator.Tally()
    var handmade = ModelHandmade.Tally()
    // Keys from here on have not been lost with a primary.
    var certain = 0
    let rounds = max(1, ModelPlan.seconds / ModelTests.round)
    for round in 0..<rounds {
      let losses = await house.losses
      let (written, broken) = try await chaos(house, round, &pins, &handmade)
      if await house.losses > losses { certain = ModelHandmade.firstKey(of: round + 1) }
      tally.add(written)
      #expect(handmade.wrong.isEmpty, "seed \(ModelPlan.seed): \(handmade.wrong)")
      #expect(pins.written.isEmpty, "seed \(ModelPlan.seed): written although pinned: \(pins.written)")
      faults.merge(broken, uniquingKeysWith: +)
      if plan.isHeld { try await expectWithinBudget(house.site) }
      if round % ModelTests.away == ModelTests.away - 1 || round == rounds - 1 { try await house.second(isBack: true) }
      try await converge(house, round)
      let missed = try await house.missed(from: certain)
      #expect(missed.isEmpty, "seed \(ModelPlan.seed), round \(round): \(missed)")
      if round < rounds - 1 { try await house.second(isBack: false) }
      let sum = faults.values.reduce(0, +)
      print("model: \(round + 1)/\(rounds): \(tally.transactions) transactions, \(tally.changes) rows, \(sum) faults")
    }
    await house.stopDaemons()
    if await house.hasLostCommits { try await ModelOracle.deleteKept(house.site) }
    // A second look writes nothing.
    let outcome = try await house.site.sync(full: true)
    #expect(outcome.applied == 0 && outcome.parked == 0 && outcome.held == 0, "seed \(ModelPlan.seed): \(outcome)")
    try await house.site.expectInStep()
    let kinds = plan.faults.joined().map { "\($0.rawValue) \(faults[$0] ?? 0)" }.sorted()
    print(
      "model: seed \(ModelPlan.seed): \(tally.transactions) transactions (\(tally.failures) failed, \(tally.prepared) "
        + "prepared and \(tally.ended) of those ended) of \(tally.changes) rows, "
        + "\(pins.pins) pins (\(pins.compared) compared), "
        + "\(handmade.entries) made by hand (\(handmade.ambiguous) ambiguous), \(faults.values.reduce(0, +)) faults: \(kinds.joined(separator: ", "))"
    )
  }

  /// No more people were removed unasked than the budget has for all who ever were there.
  private func expectWithinBudget(_ site: Site) async throws {
    let counts = try await site.sql(
      """
      SELECT (SELECT count(DISTINCT key) FROM rollcall.removal), (SELECT count(DISTINCT key) FROM everybody)
      """
    ).split(separator: "|").compactMap { Int($0) }
    let (removed, all) = (counts.first ?? .max, counts.last ?? 0)
    #expect(removed <= max(2, (all + removed) / 20), "seed \(ModelPlan.seed): \(removed) of \(all)")
  }

  private func chaos(
    _ house: ModelHouse, _ round: Int, _ pins: inout ModelOperator.Tally, _ handmade: inout ModelHandmade.Tally
  ) async throws -> (ModelWriter.Tally, [ModelFaults.Fault: Int]) {
    func random(_ stream: Int) -> ModelRandom {
      ModelRandom(seed: ModelPlan.seed, stream: UInt64(round * 100 + stream))
    }
    // What the others draw does not depend on the last one, which writes rooms.
    let writers = (0..<5).map { number in
      let writer = ModelWriter(house.site, number: number, house.plan, ofRooms: number == 4)
      let drawn = random(number)
      return Task { await writer.run(drawn, from: 10_000 * (round + 1)) }
    }
    let breakers = house.plan.faults.enumerated().map { number, faults in
      let drawn = random(50 + number)
      return Task { try await ModelFaults(house: house).run(faults, drawn) }
    }
    let operators = (0..<ModelOperator.count).map { number in
      let drawn = random(90 + number)
      return Task { await ModelOperator(house: house, number: number).run(drawn) }
    }
    let drawn = random(95)
    let hand = Task { house.plan.hasHandmade ? await ModelHandmade(house: house).run(drawn, round) : .init() }
    try await Task.sleep(for: .seconds(ModelTests.round))
    for breaker in breakers { breaker.cancel() }
    var broken: [ModelFaults.Fault: Int] = [:]
    for breaker in breakers { broken.merge(try await breaker.value, uniquingKeysWith: +) }
    for pinning in operators { pinning.cancel() }
    for pinning in operators { pins.add(await pinning.value) }
    for writer in writers { writer.cancel() }
    var tally = ModelWriter.Tally()
    for writer in writers {
      tally.add(await writer.value)
    }
    // Last, when nothing is locked.
    hand.cancel()
    handmade.add(await hand.value)
    return (tally, broken)
  }

  private func converge(_ house: ModelHouse, _ round: Int) async throws {
    let site = house.site
    #expect(try await house.deaths().isEmpty, "seed \(ModelPlan.seed): a daemon has ended by itself")
    do {
      if try await house.mendReplication() { print("model: round \(round): replication had ended by itself") }
      try await eventually(within: house.plan.patience, "round \(round): others converge", poll: .milliseconds(200)) {
        if house.plan.isHeld { try await site.releaseAll() }
        try await site.endPrepared()
        let isQuiet = try await site.sql("SELECT count(*) FROM users WHERE ends > clock_timestamp()") == "0"
        return isQuiet ? try await house.differencesOfOthers() : ["dates are to come"]
      } is: {
        $0.isEmpty
      }
      try await house.unpinAll()
      try await eventually(within: house.plan.patience, "round \(round) converges", poll: .milliseconds(200)) {
        if house.plan.isHeld { try await site.releaseAll() }
        try await site.endPrepared()
        return try await house.differences()
      } is: {
        $0.isEmpty
      }
      try await eventually(
        within: .seconds(40), "the watermark passes it all and nobody is parked", poll: .milliseconds(200)
      ) {
        try await site.sql(await house.unsettled)
      } is: {
        $0 == "0"
      }
      let left = try await house.differences()
      #expect(left.isEmpty, "seed \(ModelPlan.seed), round \(round): \(left)")
      // A provider that is away, or a standby that takes over, may lack an entry that nobody has removed.
      if !house.plan.isMirrored, await !house.hasLostCommits {
        let unaccounted = try await ModelOracle.unaccounted(site)
        #expect(unaccounted.isEmpty, "seed \(ModelPlan.seed): gone, and not in the journal: \(unaccounted)")
      }
    } catch {
      print(await house.words())
      // Last, where the end of what was printed is all that is kept.
      print("model: seed \(ModelPlan.seed), round \(round): \(error)")
      print(
        try await site.sql(
          """
          SELECT * FROM rollcall.directory; SELECT * FROM rollcall.parked LIMIT 20; SELECT * FROM rollcall.held LIMIT 20;
          SELECT * FROM rollcall.request WHERE done IS NULL; SELECT pg_current_snapshot();
          """))
      print(try await ModelOracle.traces(site))
      print(await house.story(of: "\(error)"))
      throw error
    }
  }
}

extension Site {
  /// Commits what is prepared and whose writer has gone: a PREPARE that nobody waited for may come late, or the
  /// database was away when the writer ended. Its locks would keep everybody waiting.
  func endPrepared() async throws {
    let names = try await sql("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")
    for name in names.split(separator: "\n") { try await sql("COMMIT PREPARED '\(name)'") }
  }

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
