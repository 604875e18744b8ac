/// A `pg_snapshot`: which transactions have ended. `xmin:xmax:xip,…`
struct JournalSnapshot: Sendable, Equatable {
  /// The first transaction that is not seen, and neither is any later one.
  var end: UInt64
  /// Earlier ones that are not seen, in ascending order.
  var open: [UInt64]

  /// nil where the text is no snapshot.
  init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let end = UInt64(parts[1]) else { return nil }
    self.end = end
    open = parts[2].split(separator: ",").compactMap { UInt64($0) }
  }

  private init(end: UInt64, open: [UInt64]) {
    self.end = end
    self.open = open
  }

  var text: String { "\(open.first ?? end):\(end):\(open.map { "\($0)" }.joined(separator: ","))" }

  func sees(_ transaction: UInt64) -> Bool { transaction < end && !open.contains(transaction) }

  /// The same, seen no further than here.
  func limited(to end: UInt64) -> JournalSnapshot {
    end >= self.end ? self : JournalSnapshot(end: end, open: open.filter { $0 < end })
  }
}

/// The rows between two snapshots, in the order of the transactions that wrote them, and how many of them are settled:
/// taken by the program, or parked.
///
/// Rows get their numbers, and transactions theirs, before they are committed: a row with a lower number may appear
/// later. So the position is a snapshot, which tells those that are still to come from those that have been read.
struct JournalWindow: Sendable {
  /// What is seen and settled.
  private(set) var position: JournalSnapshot
  let begin: JournalSnapshot
  let end: JournalSnapshot
  private var order: [(tx: UInt64, id: Int)] = []
  private var head = 0
  private var settled: Set<Int> = []
  private(set) var isRead = false

  init(from position: JournalSnapshot, to target: JournalSnapshot) {
    self.position = position
    begin = position
    end = target
  }

  /// Whether there were any rows.
  var hasRows: Bool { !order.isEmpty }
  var last: (tx: UInt64, id: Int)? { order.last }
  /// How many rows are not settled.
  var unsettled: Int { order.count - head - settled.count }
  /// Whether all is read and settled.
  var isOver: Bool { isRead && head == order.count }

  mutating func append(_ tx: UInt64, _ id: Int) { order.append((tx, id)) }

  mutating func noteEnd() {
    isRead = true
    advance()
  }

  mutating func settle(_ id: Int) {
    settled.insert(id)
    advance()
  }

  private mutating func advance() {
    while head < order.count, settled.remove(order[head].id) != nil { head += 1 }
    if isOver {
      position = end
    } else if let next = head < order.count ? order[head] : order.last {
      // Of what was not seen before, all up to there is settled. An earlier end than before would forget something.
      if next.tx >= position.end { position = end.limited(to: next.tx) }
    }
    // What is settled takes no room. The last row stays: the next page begins after it.
    if head > 10_000, head < order.count {
      order.removeFirst(head)
      head = 0
    }
  }
}
