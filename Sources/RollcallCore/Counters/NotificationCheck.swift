/// Finds out which changes no notification has named although writers were to notify.
///
/// A notification may come a moment after the log has told the same. So what the log alone has told is missed when a while
/// has passed.
public struct NotificationCheck: Sendable {
  private static let mostHeard = 1024
  private static let mostWaiting = 1024

  /// The first transaction that is to notify; nil while writers are not to, or nobody listens.
  private var first: UInt64?
  /// The last transactions that were heard of, in a ring.
  private var heard: [UInt64] = []
  private var place = 0
  private var waiting: [(transaction: UInt64, keys: Int, found: Int)] = []

  public init() {}

  /// Writers notify from now on, in every transaction from this one on; nothing changes where they did already.
  public mutating func begin(with transaction: UInt64) { first = first ?? transaction }

  /// Writers do not notify, or nobody hears them.
  public mutating func end() {
    first = nil
    waiting = []
  }

  /// A notification has come.
  public mutating func heard(_ transaction: UInt64) {
    if first == nil { return }
    if heard.count < NotificationCheck.mostHeard {
      heard.append(transaction)
    } else {
      heard[place] = transaction
      place = (place + 1) % NotificationCheck.mostHeard
    }
    if !waiting.isEmpty { waiting.removeAll { $0.transaction == transaction } }
  }

  /// The log has told a change.
  ///
  /// - Parameter now: in microseconds.
  public mutating func logged(_ transaction: UInt64, now: Int) {
    guard let first, transaction >= first, waiting.count < NotificationCheck.mostWaiting,
      !heard.contains(transaction)
    else { return }
    if let last = waiting.indices.last, waiting[last].transaction == transaction {
      waiting[last].keys += 1
    } else {
      waiting.append((transaction, 1, now))
    }
  }

  /// Takes out how many changes were missed: those that were found before a time, in microseconds.
  public mutating func takeMissed(before time: Int) -> Int {
    if waiting.isEmpty { return 0 }
    let missed = waiting.filter { $0.found < time }.reduce(0) { $0 + $1.keys }
    waiting.removeAll { $0.found < time }
    return missed
  }
}
