/// Decides when bulk work gives way to writers: in a heavy storm of single changes, when processors and disks are
/// theirs.
///
/// One pass at a time then, a larger one, and a rest after each. Nothing is lost by it but time, and of that no more
/// than ``patience``: a directory that is further behind goes at full speed, however many writers there are.
///
/// Pure policy: no clock, no I/O; who calls it measures.
public struct WriterThrottle: Sendable {
  /// Changes a second that make a storm heavy, and below which it is none any more.
  public static let heavy = (from: 1500.0, until: 500.0)
  /// How far behind the log the directory may fall for it.
  public static let patience: Duration = .seconds(10)
  /// Keys in a pass: in a larger one each costs less of everything.
  public static let batch = 256
  /// How long a look at the log is put off to find more.
  public static let pollEvery: Duration = .milliseconds(50)
  private static let share = 8
  private static let longest: Duration = .seconds(1)

  public private(set) var isHeavy = false

  public init() {}

  /// Notes how many changes the log has grown by in a time.
  public mutating func note(_ changes: Int, in time: Duration) {
    let rate = Double(changes) / (time / .seconds(1))
    isHeavy = rate >= (isHeavy ? WriterThrottle.heavy.until : WriterThrottle.heavy.from)
  }

  public mutating func stormIsOver() { isHeavy = false }

  /// Whether bulk work is to wait for writers.
  ///
  /// - Parameter behind: how long the oldest change that has not settled has been known; nil where all have.
  public func givesWay(behind: Duration?) -> Bool { isHeavy && behind.map { $0 < WriterThrottle.patience } ?? true }

  /// The rest after a pass that took so long.
  public static func rest(after pass: Duration) -> Duration { min(pass * share, longest) }
}
