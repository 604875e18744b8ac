/// The changes of a stretch of the log that its triggers have marked as urgent: they can take somebody's access away.
///
/// Few of them are leavers, who go ahead of everything and are decided alone. More than ``most`` in a transaction, or in
/// the stretch, are a batch like any other, whose removals are decided together.
public struct UrgentMarks: Sendable {
  public static let most = 32

  private var keys: [UInt64: Set<RosterKey>] = [:]
  private var batches: Set<UInt64> = []

  public init() {}

  /// - Parameter key: nil says that the transaction is a batch.
  public mutating func add(_ transaction: UInt64, _ key: RosterKey?) {
    guard let key else {
      batches.insert(transaction)
      return
    }
    keys[transaction, default: []].insert(key)
    if keys[transaction]?.count ?? 0 > UrgentMarks.most { batches.insert(transaction) }
  }

  public var isEmpty: Bool { keys.isEmpty && batches.isEmpty }

  /// The people who leave one by one, each with the transactions that say so.
  public var leavers: [RosterKey: [UInt64]] {
    var leavers: [RosterKey: [UInt64]] = [:]
    for (transaction, marked) in keys where !batches.contains(transaction) {
      for key in marked { leavers[key, default: []].append(transaction) }
      if leavers.count > UrgentMarks.most { return [:] }
    }
    return leavers
  }

  /// Whether everybody whom they name leaves alone: none is a part of a batch, and they are few.
  public var areSingle: Bool { batches.isEmpty && (keys.isEmpty || !leavers.isEmpty) }

  /// Whether a change takes nobody's access away by itself.
  public func isPlain(_ transaction: UInt64, _ key: RosterKey) -> Bool {
    !batches.contains(transaction) && keys[transaction]?.contains(key) != true
  }
}
