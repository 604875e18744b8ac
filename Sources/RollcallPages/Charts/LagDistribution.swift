/// How long writes took, over all minutes of an hour.
struct LagDistribution {
  /// Upper bounds in seconds, ascending; above the last one is one more bucket.
  let bounds: [Double]
  let counts: [Int]

  init(_ hour: LastHour) {
    // What is no bound cannot be placed on an axis.
    bounds = hour.bounds.filter { $0.isFinite && $0 > 0 }
    var counts = [Int](repeating: 0, count: bounds.count + 1)
    for minute in hour.minutes {
      for (index, count) in minute.lag.prefix(counts.count).enumerated() {
        counts[index] = counts[index].addingReportingOverflow(max(0, count)).partialValue
      }
    }
    self.counts = counts
  }

  /// - Parameter counts: of each bucket, an element more than `bounds`; missing ones are 0.
  init(bounds: [Double], counts: [Int]) {
    self.bounds = bounds
    self.counts = (0...bounds.count).map { $0 < counts.count ? max(0, counts[$0]) : 0 }
  }

  var total: Int { counts.reduce(0, &+) }

  /// The least value that is shown of the first bucket, and how far the last one reaches.
  private static let least = 0.001

  /// A bucket's ends in seconds.
  func ends(_ index: Int) -> (from: Double, to: Double) {
    guard let first = bounds.first, let last = bounds.last else { return (LagDistribution.least, 1) }
    let from = index == 0 ? min(LagDistribution.least, first / 2) : bounds[index - 1]
    return (from, index < bounds.count ? bounds[index] : last * 10)
  }

  /// The value below which such a share of the writes is, in seconds, as exactly as the buckets say; nil without any.
  ///
  /// - Parameter share: between 0 and 1.
  func quantile(_ share: Double) -> Double? {
    let total = self.total
    guard total > 0 else { return nil }
    let rank = share * Double(total)
    var below = 0.0
    for (index, count) in counts.enumerated() where count > 0 {
      if below + Double(count) >= rank {
        let (from, to) = ends(index)
        // Nobody knows how far the last bucket reaches.
        if index == bounds.count { return from }
        return from * Logarithm.power(to / from, (rank - below) / Double(count))
      }
      below += Double(count)
    }
    return bounds.last
  }
}
