import RollcallCore
import Testing

/// Rule 8 of the engine: a wipe is held.
@Suite struct RemovalBudgetTests {
  private func isAllowed(
    _ wanted: Int, of managed: Int, spent: Int = 0, _ policy: RemovalPolicy = RemovalPolicy(),
    first: Bool = false
  ) -> Bool {
    RemovalBudget.decide(
      wanted: wanted, managed: managed, spent: spent, policy: policy, holding: first ? .firstComparison : nil)
      == .allowed
  }

  /// The most that may go at once.
  @Test(arguments: [
    (10_000, 1_000), (1_000, 100), (300, 30), (251, 25), (250, 25), (100, 25), (50, 25), (49, 24), (10, 5),
    (5, 2),
    (4, 2), (3, 3), (1, 1),
  ])
  func theMostAtOnce(managed: Int, most: Int) {
    #expect(isAllowed(most, of: managed))
    #expect(!isAllowed(most + 1, of: managed) || most == managed)
  }

  @Test func allOrNobody() {
    let decision = RemovalBudget.decide(wanted: 101, managed: 1_000, spent: 0, policy: RemovalPolicy())
    #expect(decision == .held(.beyond(allowed: 100)))
    #expect(
      RemovalBudget.decide(wanted: 12, managed: 1_000, spent: 98, policy: RemovalPolicy())
        == .held(.beyond(allowed: 11)))
  }

  /// One by one no more go than at once, down to the half of a small directory.
  @Test(arguments: [4, 5, 7, 20, 100, 1_000]) func aDripFindsTheSameEnd(population: Int) {
    var spent = 0
    while isAllowed(1, of: population - spent, spent: spent) { spent += 1 }
    #expect(isAllowed(spent, of: population))
    #expect(!isAllowed(spent + 1, of: population))
    #expect(spent <= population / 2)
  }

  @Test(
    "as many as suffice do suffice, whatever else there is, and hardly fewer would",
    arguments: [0, 0.1, 3, 10, 33.3, 99.9])
  func whatSuffices(most: Double) {
    for least in [0, 2, 25] {
      let policy = RemovalPolicy(most: most, least: least)
      for (wanted, spent) in [(1, 0), (1, 24), (1, 25), (26, 0), (7, 90), (300, 1), (4_000, 77)] {
        guard let enough = RemovalBudget.sufficient(wanted: wanted, spent: spent, policy: policy) else {
          #expect(most == 0 && wanted + spent > least)
          continue
        }
        for managed in [enough, enough + 1, 2 * enough, 1_000_000] where managed >= enough {
          #expect(isAllowed(wanted, of: managed, spent: spent, policy))
          #expect(
            RemovalBudget.decide(wanted: wanted, managed: managed, spent: spent, disabled: spent, policy: policy)
              == .allowed)
        }
        let fewer = RemovalBudget.decide(
          wanted: wanted, managed: enough - 3, spent: spent, disabled: spent, policy: policy)
        #expect(fewer != .allowed || enough <= 4, "\(wanted) \(spent) of \(enough)")
      }
    }
  }

  @Test func nothingToRemove() {
    #expect(isAllowed(0, of: 10, first: true))
  }

  @Test func aFirstReconcileRemovesNobody() {
    #expect(
      RemovalBudget.decide(wanted: 1, managed: 1_000, spent: 0, policy: RemovalPolicy(), holding: .firstComparison)
        == .held(.firstComparison))
  }

  @Test func switchedOff() {
    let off = RemovalPolicy(most: 100, least: 0)
    #expect(isAllowed(1_000, of: 1_000, off))
    #expect(isAllowed(1_000, of: 1_000, off, first: true))
    #expect(!isAllowed(999, of: 1_000, RemovalPolicy(most: 99.9)))
  }

  @Test func nobody() {
    let none = RemovalPolicy(most: 0, least: 0)
    #expect(!isAllowed(1, of: 1_000, none))
    #expect(!isAllowed(1, of: 1_000, RemovalPolicy(most: -5, least: 0)))
  }
}
