/// How soon everybody is compared again because of a server that lacks something.
///
/// The first time at once. A balancer in front of servers that never agree would ask for it at each connection; then
/// the pauses grow until they are as long as those of the comparisons that are made anyway.
public struct ComparisonPace: Sendable {
  /// Comparisons since the last long quiet.
  private var count = 0
  private var last: ContinuousClock.Instant?

  public init() {}

  /// How long the next comparison has to wait; to be asked once for each.
  ///
  /// - Parameters:
  ///   - most: the longest pause.
  ///   - random: 0 ..< 1.
  public mutating func delay(_ now: ContinuousClock.Instant, most: Duration, random: Double) -> Duration {
    let backoff = Backoff(base: .seconds(60), cap: max(most, .seconds(60)), jitter: 0.2)
    // A server that failed last week is no sign of a balancer.
    if let last, now - last > max(.seconds(3600), backoff.delay(attempt: count, random: 0) * 4) { count = 0 }
    let due = count == 0 ? now : max(now, (last ?? now) + backoff.delay(attempt: count, random: random))
    count += 1
    last = due
    return due - now
  }
}
