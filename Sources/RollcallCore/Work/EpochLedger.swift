internal import DequeModule

/// A stretch of the change log between two looks, counted from 0.
public typealias Epoch = Int

/// Counts what is unsettled in each epoch, and says how far everything has settled.
public struct EpochLedger: Sendable {
  /// The first epoch that is not known to have settled.
  public private(set) var oldest: Epoch = 0
  /// Unsettled things of the epochs from `oldest` on.
  private var counts: Deque<Int> = [0]

  public init() {}

  /// The epoch that is open for what is noticed now.
  public var current: Epoch { oldest + counts.count - 1 }

  /// Holds the first unsettled epoch open, and with it all later ones; ``leave(_:)`` ends that.
  public mutating func hold() -> Epoch {
    enter(oldest)
    return oldest
  }

  /// Ends the current epoch, as a look at the log does, and returns its number.
  public mutating func close() -> Epoch {
    let closed = current
    counts.append(0)
    return closed
  }

  /// Notes something unsettled; an epoch that has settled already passes it to the oldest that has not.
  public mutating func enter(_ epoch: Epoch) { counts[max(epoch - oldest, 0)] += 1 }

  /// Takes back one ``enter(_:)`` of the same epoch.
  public mutating func leave(_ epoch: Epoch) { counts[max(epoch - oldest, 0)] -= 1 }

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
