/// How many pages a program that reloads them without a pause gets: an even rate, with some more at once.
///
/// Pages come from the database in which the daemon writes. A browser asks for one now and then.
public struct PageAllowance: Sendable {
  /// The time between two pages, in the long run.
  public static let interval: Duration = .milliseconds(50)
  /// So many are answered at once after a pause.
  public static let burst = 40
  /// Whoever would wait longer is turned away.
  public static let longestWait: Duration = .seconds(2)

  /// The instant at which all pages that were allowed are paid for.
  private var paid: ContinuousClock.Instant

  public init(at now: ContinuousClock.Instant) { paid = now }

  /// Takes a page.
  ///
  /// - Returns: How long to wait before it is read; nil where it is too many.
  public mutating func take(at now: ContinuousClock.Instant) -> Duration? {
    let start = max(paid, now)
    let wait = max(.zero, now.duration(to: start) - Self.interval * (Self.burst - 1))
    guard wait <= Self.longestWait else { return nil }
    paid = start + Self.interval
    return wait
  }
}
