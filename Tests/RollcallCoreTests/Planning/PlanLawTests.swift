import LDAPModel
import RollcallCore
import Testing

/// The laws of planning, over random rosters with exchanges of names, moves, disables and removals.
@Suite struct PlanLawTests {
  /// `apply(plan(d, c), c) == d`, and nothing is left to plan.
  @Test(arguments: 0..<60) func appliedPlanIsTheRoster(seed: Int) throws {
    try run(seed: seed, distinct: true, kills: 0)
  }

  /// The same when rows contend for names: whoever cannot have one is set aside, and nothing else suffers.
  @Test(arguments: 300..<360) func contendersAreSetAside(seed: Int) throws {
    try run(seed: seed, distinct: false, kills: 0)
  }

  /// The same when the process is killed between any two writes, to the ledger or the directory, and starts
  /// anew.
  @Test(arguments: 600..<700) func anyPrefixConverges(seed: Int) throws {
    try run(seed: seed, distinct: true, kills: 6)
  }

  private func run(seed: Int, distinct: Bool, kills: Int) throws {
    var world = World(seed: seed)
    for round in 0..<5 {
      let comment: Comment = "seed \(seed), round \(round), \(world.kind), \(world.rules)"
      world.mutateRoster(distinct: distinct)
      checkOrder(world, comment)
      let before = world.engine.directory.all
      do {
        for _ in 0..<kills {
          world.engine.fuel = Int.random(in: 0...12, using: &world.random)
          do { try world.engine.pass(batch: batch(&world.random), &world.random) } catch is SimulatedEngine
            .Killed
          {}
        }
        world.engine.fuel = nil
        try world.engine.pass(batch: batch(&world.random), &world.random)
        // Of several who want a name, small batches may have chosen otherwise; the set aside are tried again.
        if !distinct { try world.engine.pass(batch: 100, &world.random) }
      } catch let refused as SimulatedEngine.Refused {
        Issue.record("\(refused): \(comment)")
        return
      }
      world.engine.parked = [:]
      let last = world.engine.plan(world.engine.keys)
      world.engine.parked = last.parked
      #expect(last.sequences == [], comment)
      #expect(last.staleDisables == [], comment)
      try world.check(before: before, comment)
      try world.handsOn()
    }
  }

  /// The order in which keys are read does not matter.
  private func checkOrder(_ world: World, _ comment: Comment) {
    let one = world.engine.plan(world.engine.keys)
    let two = world.engine.plan(world.engine.keys.reversed())
    #expect(one.parked == two.parked, comment)
    #expect(Set(one.sequences.flatMap(\.keys)) == Set(two.sequences.flatMap(\.keys)), comment)
  }

  private func batch(_ random: inout SeededRandom) -> Int {
    [1, 3, 100].randomElement(using: &random) ?? 1
  }
}
