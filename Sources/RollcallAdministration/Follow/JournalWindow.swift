package import RollcallCore

/// The rows between two snapshots, in the order of the transactions that wrote them, and how many of them are
/// settled: taken by the program, or parked.
///
/// Rows and transactions get their numbers before the commit, so a row with a lower number may appear later. The
/// position is therefore a snapshot, which distinguishes rows still to come from those that have been read.
package struct JournalWindow: Sendable {
  /// Everything visible in this snapshot is settled.
  package private(set) var position: Snapshot
  package let begin: Snapshot
  package let end: Snapshot
  private var order: [(tx: UInt64, id: Int)] = []
  private var head = 0
  private var settled: Set<Int> = []
  package private(set) var isRead = false

  package init(from position: Snapshot, to target: Snapshot) {
    self.position = position
    begin = position
    end = target
  }

  /// Whether there are any rows.
  package var hasRows: Bool { !order.isEmpty }
  package var last: (tx: UInt64, id: Int)? { order.last }
  /// The number of unsettled rows.
  package var unsettled: Int { order.count - head - settled.count }
  /// Whether all rows are read and settled.
  package var isOver: Bool { isRead && head == order.count }

  package mutating func append(_ tx: UInt64, _ id: Int) { order.append((tx, id)) }

  package mutating func noteEnd() {
    isRead = true
    advance()
  }

  package mutating func settle(_ id: Int) {
    settled.insert(id)
    advance()
  }

  private mutating func advance() {
    while head < order.count, settled.remove(order[head].id) != nil { head += 1 }
    if isOver {
      position = end
    } else if let next = head < order.count ? order[head] : order.last {
      // Everything new up to there is settled. An end lower than before would lose a part of the position.
      if next.tx >= position.end { position = end.limited(to: next.tx) }
    }
    // Settled rows are dropped. The last row stays: the next page begins after it.
    if head > 10_000, head < order.count {
      order.removeFirst(head)
      head = 0
    }
  }
}
