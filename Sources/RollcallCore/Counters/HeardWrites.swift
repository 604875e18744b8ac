/// Writes that were confirmed before the log has told when their changes were committed: only notifications have named them.
///
/// The log is read a moment later. There is room for a few hundred; in a storm the log is read anyway.
public struct HeardWrites: Sendable {
  private static let most = 512

  private struct Write {
    var transaction: UInt64
    /// By the database's clock, in microseconds.
    var confirmed: Int
    var priority: Priority
  }

  private var writes: [Write] = []

  public init() { writes.reserveCapacity(HeardWrites.most) }

  public var isEmpty: Bool { writes.isEmpty }

  public mutating func confirmed(_ transaction: UInt64, at confirmed: Int, _ priority: Priority) {
    if writes.count < HeardWrites.most {
      writes.append(Write(transaction: transaction, confirmed: confirmed, priority: priority))
    }
  }

  /// Takes out what a transaction has caused, now that its time is known.
  public mutating func committed(
    _ transaction: UInt64, at time: Int, _ take: (_ lag: Int, _ priority: Priority) -> Void
  ) {
    var index = 0
    while index < writes.count {
      guard writes[index].transaction == transaction else {
        index += 1
        continue
      }
      take(writes[index].confirmed - time, writes[index].priority)
      writes.swapAt(index, writes.count - 1)
      writes.removeLast()
    }
  }

  /// Forgets what the log has not told until now.
  public mutating func forget(before time: Int) { writes.removeAll { $0.confirmed < time } }
}
