import Reactor
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// G2, G8: what a removal waits for, and that it is not lost, in any order of events.
@Suite struct RemovalModelTests {
  /// `ROLLCALL_MODEL_SEED` repeats one run and prints its steps.
  @Test("G2, G8: no order of events loses a removal, or carries one out before all have decided")
  func anyOrder() async throws {
    let site = try await World.shared.site()
    try await site.sync()
    let configuration = site.configuration
    let seeds = ModelPlan.given.map { $0..<$0 + 1 } ?? 0..<(ModelPlan.isLong ? 20_000 : 150)
    try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      for seed in seeds {
        try await engine.ledger.database.script("DELETE FROM rollcall.removal; DELETE FROM rollcall.held")
        let model = RemovalModel(engine.ledger, seed: seed)
        await model.run(120)
        if !model.faults.isEmpty { print(model.steps.joined(separator: "\n")) }
        try #require(model.faults == [], "seed \(seed)")
      }
    }
  }
}
