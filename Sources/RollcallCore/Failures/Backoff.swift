/// Exponential backoff with jitter and a cap.
public struct Backoff: Sendable, Equatable {
  /// The delay after the first failure.
  public var base: Duration
  /// The longest delay.
  public var cap: Duration
  /// The factor by which each further failure multiplies the delay; at least 1.
  public var factor: Double
  /// The share of the delay that may be subtracted at random, 0 to 1: with 0.5 a delay of 10 s lasts 5 s to 10 s.
  public var jitter: Double

  public init(base: Duration, cap: Duration, factor: Double = 2, jitter: Double = 0.5) {
    self.base = base
    self.cap = cap
    self.factor = factor
    self.jitter = jitter
  }

  /// How long to wait.
  /// - Parameters:
  ///   - attempt: failures so far, from 1; a smaller number counts as 1.
  ///   - random: 0 ..< 1.
  public func delay(attempt: Int, random: Double) -> Duration {
    var delay = base
    for _ in 1..<max(2, min(attempt, 1_000)) where attempt > 1 && delay < cap {
      delay = delay * factor
    }
    return min(delay, cap) * (1 - jitter * random)
  }
}
