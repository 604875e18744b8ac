internal import PlainText
internal import RollcallAdministration
internal import RollcallCore

/// What `rollcall top` shows: lines for a terminal, or one line.
struct TopPage {
  /// Rows of the journal that are shown.
  static let writes = 50

  private let metrics: DirectoryMetrics
  private let work: RecentWork
  /// Why the database could not be read just now.
  private let trouble: String?

  init(_ metrics: DirectoryMetrics, _ work: RecentWork, trouble: String?) {
    self.metrics = metrics
    self.work = work
    self.trouble = trouble
  }

  var lines: [String] {
    var lines = [
      "rollcall top   \(metrics.name.printable)   \(LineLog.now())",
      trouble.map { "cannot read the database: \($0.printable)" } ?? "",
      "\(step)   leader: \(metrics.isLed ? work.leader?.printable ?? "?" : "nobody")   directory: "
        + (metrics.isUp ? "connected" : "not connected"),
      "writes: \(rate) a second   lag: p50 \(lag(0.5)), p99 \(lag(0.99))   (last \(RecentWork.minutes) minutes)",
      "queue: \(queue)   log: \(metrics.logChanges)   entries: \(metrics.managed)",
      "parked: \(metrics.allParked)   held: \(metrics.allHeld)   pinned: \(metrics.pinned)   removals left: \(metrics.budget)",
      "",
      "last writes",
    ]
    if work.writes.isEmpty { lines.append("none is in the journal") }
    for write in work.writes {
      let time = write.milliseconds.map { "\($0) ms" } ?? "-"
      lines.append(
        [write.at, write.action.padded(12), RosterKey(write.key).shown.padded(12), time.padded(9), write.dn.printable]
          .joined(separator: "  "))
    }
    return lines
  }

  /// `2026-11-27T09:00:00.000Z main in step, 2.0 writes a second, …`
  var line: String {
    [
      "\(LineLog.now()) \(metrics.name.printable) \(trouble.map { "cannot read the database: \($0.printable)" } ?? step)",
      metrics.isLed ? "led" : "nobody leads", "\(rate) writes a second", "lag p50 \(lag(0.5)), p99 \(lag(0.99))",
      "queue \(queue)", "parked \(metrics.allParked)", "held \(metrics.allHeld)",
    ].joined(separator: ", ")
  }

  private var step: String {
    let age = metrics.now - metrics.oldestUnsettled
    return age < 5 ? "in step" : "behind by \(Int(age)) s"
  }

  private var queue: Int { metrics.queue.values.reduce(0, +) }

  private var rate: String { work.rate.map { "\(($0 * 10).rounded() / 10)" } ?? "?" }

  /// As a bound of a bucket: at most so long.
  private func lag(_ share: Double) -> String {
    guard let bound = work.lag.bound(of: share) else { return "-" }
    return bound < 1_000_000 ? "\(bound / 1000) ms" : "\(bound / 1_000_000) s"
  }
}
