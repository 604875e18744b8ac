/// Decides when bulk work yields to writers: during a storm of single changes, which need processors and disks.
///
/// Then one larger pass runs at a time, with a pause after each. This costs only time, and no more than ``patience``:
/// a directory that is further behind runs at full speed, however many writers there are.
///
/// Pure policy: no clock, no I/O; the caller measures.
public struct WriterThrottle: Sendable {
  /// Changes per second at which a storm begins and below which it ends.
  public static let heavy = (from: 1500.0, until: 500.0)
  /// How far the directory may fall behind the log for this.
  public static let patience: Duration = .seconds(10)
  /// Keys in a pass: in a larger pass each key costs less.
  public static let batch = 256
  /// How long a read of the log is delayed to find more changes.
  public static let pollEvery: Duration = .milliseconds(50)
  private static let share = 8
  private static let longest: Duration = .seconds(1)

  public private(set) var isHeavy = false

  public init() {}

  /// Records by how many changes the log has grown in a period.
  public mutating func note(_ changes: Int, in time: Duration) {
    let rate = Double(changes) / (time / .seconds(1))
    isHeavy = rate >= (isHeavy ? WriterThrottle.heavy.until : WriterThrottle.heavy.from)
  }

  public mutating func stormIsOver() { isHeavy = false }

  /// Whether bulk work must wait for writers.
  ///
  /// - Parameter behind: how long the oldest unsettled change has been known; nil if all have settled.
  public func givesWay(behind: Duration?) -> Bool { isHeavy && behind.map { $0 < WriterThrottle.patience } ?? true }

  /// The pause after a pass of this duration.
  public static func rest(after pass: Duration) -> Duration { min(pass * share, longest) }
}
