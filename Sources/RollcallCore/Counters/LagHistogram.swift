/// How long writes took from their change to the directory's confirmation, in fixed buckets.
public struct LagHistogram: Sendable, Equatable {
  /// The buckets' upper bounds in microseconds; what takes longer than the last is counted in one bucket more. The comment
  /// on `rollcall.minute` in `install.sql` names the same: another bound is a change of the schema.
  public static let bounds = [
    1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000,
    30_000_000, 60_000_000, 300_000_000, 3_600_000_000,
  ]

  /// How many were within each bound and not within the one before.
  public private(set) var counts: [Int]
  /// All of them together, in microseconds.
  public private(set) var sum: Int

  public init() {
    counts = Array(repeating: 0, count: LagHistogram.bounds.count + 1)
    sum = 0
  }

  /// - Parameter counts: as stored; missing ones are 0.
  public init(counts: [Int], sum: Int = 0) {
    self.init()
    for (index, count) in counts.prefix(self.counts.count).enumerated() { self.counts[index] = count }
    self.sum = sum
  }

  public var count: Int { counts.reduce(0, +) }

  public mutating func observe(microseconds: Int) {
    var index = 0
    while index < LagHistogram.bounds.count, microseconds > LagHistogram.bounds[index] { index += 1 }
    counts[index] += 1
    sum += max(0, microseconds)
  }

  public mutating func add(_ other: LagHistogram) {
    for index in counts.indices { counts[index] += other.counts[index] }
    sum += other.sum
  }

  /// What has been counted since an earlier state of the same histogram.
  public func since(_ earlier: LagHistogram) -> LagHistogram {
    LagHistogram(counts: zip(counts, earlier.counts).map { $0 - $1 }, sum: sum - earlier.sum)
  }

  /// The upper bound, in microseconds, of the bucket in which a share of all lies; nil where nothing was counted, the last
  /// bound for what took longer than it.
  ///
  /// - Parameter share: 0.99 for the 99th percentile.
  public func bound(of share: Double) -> Int? {
    let total = count
    if total == 0 { return nil }
    let rank = Int((Double(total) * share).rounded(.up))
    var sum = 0
    for (index, count) in counts.enumerated() {
      sum += count
      if sum >= max(rank, 1) { return LagHistogram.bounds[min(index, LagHistogram.bounds.count - 1)] }
    }
    return LagHistogram.bounds.last
  }
}
