/// A `pg_snapshot`: which transactions had ended when it was taken.
struct Snapshot: Sendable {
  /// As PostgreSQL writes it: `xmin:xmax:xip_list`.
  let text: String
  /// The first id that was running, and the first that had not been given out.
  private let bounds: Range<UInt64>
  private let running: Set<UInt64>

  /// A text that is none knows of no transaction.
  init(_ text: String) {
    self.text = text
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let first = UInt64(parts[0]), let end = UInt64(parts[1]), first <= end else {
      bounds = 0..<0
      running = []
      return
    }
    bounds = first..<end
    running = Set(parts[2].split(separator: ",").compactMap { UInt64($0) })
  }

  /// Whether everything that this transaction did is seen with it.
  func includes(_ xid: UInt64) -> Bool {
    xid < bounds.lowerBound || xid < bounds.upperBound && !running.contains(xid)
  }

  /// Whether every transaction with an id below this had ended.
  func includesAllBelow(_ xid: UInt64) -> Bool { bounds.lowerBound >= xid }
}
