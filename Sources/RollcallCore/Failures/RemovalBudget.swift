/// The configuration's `removals`: how many entries may be removed within a period without a person's approval.
public struct RemovalPolicy: Sendable, Equatable {
  /// Percent of the managed entries; 100 switches the budget off.
  public var most: Double
  /// The number that is always allowed, but never more than half of four or more entries.
  public var least: Int
  public var within: Duration

  public init(most: Double = 10, least: Int = 25, within: Duration = .seconds(24 * 3600)) {
    self.most = most
    self.least = least
    self.within = within
  }
}

/// Decides on a batch of removals as a whole, so that no part of a wipe passes.
public enum RemovalBudget {
  public enum Decision: Sendable, Equatable {
    case allowed
    /// No removal of the batch is applied.
    case held(Reason)
  }

  public enum Reason: Sendable, Equatable {
    /// `allowed`: how many more removals the budget allows now.
    case beyond(allowed: Int)
    /// A directory's first comparison removes nothing.
    case firstComparison
    /// Neither does the first one after the mapping, the scope or the schema has changed.
    case changedMapping
    /// The database's clock has jumped, and with it the dates by which people join and leave.
    case clockJumped
    /// Somebody has changed a leaver's entry since it was disabled.
    case changedByHand
  }

  /// - Parameters:
  ///   - wanted: removals in the batch; for memberships, the number removed. The other parameters count the same.
  ///   - managed: entries with a link that exist now.
  ///   - spent: removals applied within the policy's period; they count as managed, so that many small batches get
  ///     the same budget as a single one.
  ///   - disabled: those of `spent` whose entries still exist and are already counted in `managed`.
  ///   - holding: why every removal is held, regardless of the budget; nil if the budget decides.
  public static func decide(
    wanted: Int, managed: Int, spent: Int, disabled: Int = 0, policy: RemovalPolicy, holding: Reason? = nil
  ) -> Decision {
    guard wanted > 0, policy.most < 100 else { return .allowed }
    if let holding { return .held(holding) }
    let left = remaining(managed: managed, spent: spent, disabled: disabled, policy: policy)
    return wanted <= left ? .allowed : .held(.beyond(allowed: left))
  }

  /// How many more may go now, where nothing else holds them.
  public static func remaining(managed: Int, spent: Int, disabled: Int = 0, policy: RemovalPolicy) -> Int {
    if policy.most >= 100 { return managed }
    return max(0, allowance(among: managed + spent - disabled, policy) - spent)
  }

  /// How many managed entries suffice to allow `wanted` more removals, however many more there are; nil if the exact
  /// number is needed.
  public static func sufficient(wanted: Int, spent: Int, policy: RemovalPolicy) -> Int? {
    let all = wanted + spent
    if all <= policy.least { return max(4, 2 * all) }
    guard policy.most > 0 else { return nil }
    let share = (Double(all) * 100 / policy.most).rounded(.up)
    // One more, for what the division rounds off.
    return share < 1e15 ? max(4, 2 * all, Int(share) + 1) : nil
  }

  private static func allowance(among population: Int, _ policy: RemovalPolicy) -> Int {
    let share = Int(Double(population) * max(0, policy.most) / 100)
    let allowance = max(policy.least, share)
    return population >= 4 ? min(allowance, population / 2) : allowance
  }
}
