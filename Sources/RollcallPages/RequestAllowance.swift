/// How many answers a program that asks without a pause gets: an even rate, with some more at once.
///
/// A browser asks for a page now and then.
public struct RequestAllowance: Sendable {
  /// Whoever would wait longer is turned away, or answered after this time.
  public static let longestWait: Duration = .seconds(2)

  /// The time between two answers, in the long run.
  public let interval: Duration
  /// So many are given at once after a pause.
  public let burst: Int
  /// The instant at which all answers that were allowed are paid for.
  private var paid: ContinuousClock.Instant

  private init(interval: Duration, burst: Int, _ now: ContinuousClock.Instant) {
    self.interval = interval
    self.burst = burst
    paid = now
  }

  /// For pages: they come from the database in which the daemon writes.
  public static func pages(at now: ContinuousClock.Instant) -> RequestAllowance {
    RequestAllowance(interval: .milliseconds(50), burst: 40, now)
  }

  /// For everything: a page has a style sheet, a script and an icon.
  public static func all(at now: ContinuousClock.Instant) -> RequestAllowance {
    RequestAllowance(interval: .milliseconds(10), burst: 200, now)
  }

  /// Takes an answer.
  ///
  /// - Returns: How long to wait before it is given; nil where it is too many.
  public mutating func take(at now: ContinuousClock.Instant) -> Duration? {
    let start = max(paid, now)
    let wait = max(.zero, now.duration(to: start) - interval * (burst - 1))
    guard wait <= Self.longestWait else { return nil }
    paid = start + interval
    return wait
  }
}
