/// Decides how soon another full comparison starts after a server was found to lack something.
///
/// The first comparison starts at once. A load balancer in front of servers that never agree would cause one at each
/// connection; the pauses therefore grow to the interval of the regular comparisons.
public struct ComparisonPace: Sendable {
  /// Comparisons since the last long quiet period.
  private var count = 0
  private var last: ContinuousClock.Instant?

  public init() {}

  /// How long the next comparison has to wait; call it once per comparison.
  ///
  /// - Parameters:
  ///   - most: the longest pause.
  ///   - random: 0 ..< 1.
  public mutating func delay(_ now: ContinuousClock.Instant, most: Duration, random: Double) -> Duration {
    let backoff = Backoff(base: .seconds(60), cap: max(most, .seconds(60)), jitter: 0.2)
    // A server that failed last week does not indicate a load balancer.
    if let last, now - last > max(.seconds(3600), backoff.delay(attempt: count, random: 0) * 4) { count = 0 }
    let due = count == 0 ? now : max(now, (last ?? now) + backoff.delay(attempt: count, random: random))
    count += 1
    last = due
    return due - now
  }
}
