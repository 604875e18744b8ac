internal import DequeModule

/// A section of the change log between two reads, counted from 0.
public typealias Epoch = Int

/// Counts the unsettled work of each epoch, and reports up to which epoch everything has settled.
public struct EpochLedger: Sendable {
  /// The first epoch that is not known to be settled.
  public private(set) var oldest: Epoch = 0
  /// Unsettled items of the epochs from `oldest` on.
  private var counts: Deque<Int> = [0]

  public init() {}

  /// The open epoch, to which new work belongs.
  public var current: Epoch { oldest + counts.count - 1 }

  /// Keeps the first unsettled epoch open, and with it all later ones; ``leave(_:)`` ends that.
  public mutating func hold() -> Epoch {
    enter(oldest)
    return oldest
  }

  /// Ends the current epoch, as each read of the log does, and returns its number.
  public mutating func close() -> Epoch {
    let closed = current
    counts.append(0)
    return closed
  }

  /// Records an unsettled item; one of an already settled epoch counts for the oldest unsettled one.
  public mutating func enter(_ epoch: Epoch) { counts[max(epoch - oldest, 0)] += 1 }

  /// Reverses one ``enter(_:)`` of the same epoch.
  public mutating func leave(_ epoch: Epoch) { counts[max(epoch - oldest, 0)] -= 1 }

  /// The number of unsettled items of an epoch and of those before it.
  public func unsettled(upTo epoch: Epoch) -> Int { counts.prefix(max(epoch - oldest + 1, 0)).reduce(0, +) }

  /// The last epoch up to which everything has settled; nil if none has since the last call.
  public mutating func settled() -> Epoch? {
    var last: Epoch?
    while counts.count > 1, counts[0] == 0 {
      counts.removeFirst()
      last = oldest
      oldest += 1
    }
    return last
  }
}
