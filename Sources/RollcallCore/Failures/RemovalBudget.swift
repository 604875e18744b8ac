/// The configuration's `removals`: how many entries may go within a while without a person's word.
public struct RemovalPolicy: Sendable, Equatable {
  /// Percent of the managed entries; 100 switches the budget off.
  public var most: Double
  /// So many may go in any case, but never more than half of four or more.
  public var least: Int
  public var within: Duration

  public init(most: Double = 10, least: Int = 25, within: Duration = .seconds(24 * 3600)) {
    self.most = most
    self.least = least
    self.within = within
  }
}

/// Decides over a batch of removals as a whole: a part of a wipe is a wipe.
public enum RemovalBudget {
  public enum Decision: Sendable, Equatable {
    case allowed
    /// None of the batch goes.
    case held(Reason)
  }

  public enum Reason: Sendable, Equatable {
    /// `allowed`: how many more may go now.
    case beyond(allowed: Int)
    /// A directory's first comparison removes nobody.
    case firstComparison
    /// Nor does the first one after the mapping, the scope or the schema has changed.
    case changedMapping
  }

  /// - Parameters:
  ///   - wanted: removals in the batch; of memberships, how many it takes away. The same of all others here.
  ///   - managed: entries with a link that are there now.
  ///   - spent: removals applied within the policy's period; they count as managed, so that a drip finds the budget
  ///     that a single batch would have found.
  ///   - disabled: those of them whose entries are still there and counted as managed already.
  ///   - holding: why every removal is held, whatever the budget; nil where the budget decides.
  public static func decide(
    wanted: Int, managed: Int, spent: Int, disabled: Int = 0, policy: RemovalPolicy, holding: Reason? = nil
  ) -> Decision {
    guard wanted > 0, policy.most < 100 else { return .allowed }
    if let holding { return .held(holding) }
    let left = max(0, allowance(among: managed + spent - disabled, policy) - spent)
    return wanted <= left ? .allowed : .held(.beyond(allowed: left))
  }

  /// How many managed entries are enough for `wanted` more removals to be allowed, however many there are beyond; nil
  /// where that takes the whole number.
  public static func sufficient(wanted: Int, spent: Int, policy: RemovalPolicy) -> Int? {
    wanted + spent <= policy.least ? max(4, 2 * (wanted + spent)) : nil
  }

  private static func allowance(among population: Int, _ policy: RemovalPolicy) -> Int {
    let share = Int(Double(population) * max(0, policy.most) / 100)
    let allowance = max(policy.least, share)
    return population >= 4 ? min(allowance, population / 2) : allowance
  }
}
