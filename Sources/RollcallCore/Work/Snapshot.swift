/// A `pg_snapshot`: which transactions had ended when it was taken.
public struct Snapshot: Sendable, Equatable {
  /// The first id that had not been assigned: neither it nor any later one had ended.
  public let end: UInt64
  /// Earlier transactions that were running.
  private let running: Set<UInt64>

  /// - Parameter text: in PostgreSQL's format, `xmin:xmax:xip_list`; nil if it is invalid.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let first = UInt64(parts[0]), let end = UInt64(parts[1]), first <= end else { return nil }
    self.init(end: end, running: Set(parts[2].split(separator: ",").compactMap { UInt64($0) }))
  }

  private init(end: UInt64, running: Set<UInt64>) {
    self.end = end
    self.running = running
  }

  /// A snapshot that sees no transaction.
  public static let none = Snapshot(end: 0, running: [])

  /// PostgreSQL's text format.
  public var text: String {
    let open = running.sorted()
    return "\(open.first ?? end):\(end):\(open.map { "\($0)" }.joined(separator: ","))"
  }

  /// Whether the snapshot sees all effects of this transaction.
  public func includes(_ transaction: UInt64) -> Bool { transaction < end && !running.contains(transaction) }

  /// Whether every transaction with an id below this had ended.
  public func includesAllBelow(_ transaction: UInt64) -> Bool { (running.min() ?? end) >= transaction }

  /// The same, limited to transactions below `end`.
  public func limited(to end: UInt64) -> Snapshot {
    end >= self.end ? self : Snapshot(end: end, running: running.filter { $0 < end })
  }
}
