/// What a process has counted since it began to: plain numbers, for metrics and charts.
///
/// All labels are there from the start, so counting allocates nothing. Only sums of what happened are here; how many keys
/// are parked or held is counted where they are kept.
public struct Counters: Sendable, Equatable {
  /// What has brought a change to notice.
  public enum Finder: String, Sendable, CaseIterable {
    case notification, sweep, due, reconcile
  }

  /// Where a difference comes from that only a comparison of everybody has found.
  public enum DriftCause: String, Sendable, CaseIterable {
    /// Somebody else has changed the entry.
    case directory
    /// The row has changed and no change was logged.
    case source
    case unknown
  }

  /// How a key's turn has ended.
  public enum Settlement: String, Sendable, CaseIterable {
    case applied, nothing, parked, held, pinned
  }

  /// What the directory has answered to an operation.
  public enum Answer: String, Sendable, CaseIterable {
    case done, refused, unknown
  }

  public enum Side: String, Sendable, CaseIterable {
    case database, directory
  }

  public var changes = Counters.zeros(Finder.self)
  public var missedNotifications = 0
  public var drift = Counters.zeros(DriftCause.self)
  public var settled = Counters.zeros(Settlement.self)
  public var operations = Dictionary(uniqueKeysWithValues: Answer.allCases.map { ($0, Counters.zeros(Step.What.self)) })
  public var removals = Dictionary(uniqueKeysWithValues: Removal.Action.allCases.map { ($0, 0) })
  public var reconnects = Counters.zeros(Side.self)
  public var lag = Dictionary(uniqueKeysWithValues: Priority.allCases.map { ($0, LagHistogram()) })

  public init() {}

  private static func zeros<Label: CaseIterable & Hashable>(_ labels: Label.Type) -> [Label: Int] {
    Dictionary(uniqueKeysWithValues: labels.allCases.map { ($0, 0) })
  }

  /// Notes the answer to an operation.
  public mutating func note(_ what: Step.What, _ answer: Answer) { operations[answer]?[what]? += 1 }

  /// Notes how long a write took.
  public mutating func note(lag microseconds: Int, _ priority: Priority) {
    lag[priority]?.observe(microseconds: microseconds)
  }

  /// What a minute's row has: sums of all labels.
  public var totals: Totals {
    var totals = Totals()
    totals.changes = (changes[.notification] ?? 0) + (changes[.sweep] ?? 0)
    totals.writes = operations[.done]?.values.reduce(0, +) ?? 0
    totals.settled = settled.values.reduce(0, +)
    totals.parked = settled[.parked] ?? 0
    for histogram in lag.values { totals.lag.add(histogram) }
    return totals
  }

  /// A row of `rollcall.minute`.
  public struct Totals: Sendable, Equatable {
    public var changes = 0
    public var writes = 0
    public var settled = 0
    public var parked = 0
    public var lag = LagHistogram()

    public init() {}

    public func since(_ earlier: Totals) -> Totals {
      var difference = self
      difference.changes -= earlier.changes
      difference.writes -= earlier.writes
      difference.settled -= earlier.settled
      difference.parked -= earlier.parked
      difference.lag = lag.since(earlier.lag)
      return difference
    }
  }
}
