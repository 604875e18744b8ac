internal import LDAPModel
internal import Logging
internal import Reactor
internal import RollcallCore

/// What the log says of steps that the directory has confirmed: a line a step, and during bulk work a line every few
/// seconds.
@Reactor
final class WorkLog {
  /// Waiting keys from which on bulk work is summed up.
  private static let many = 1000
  private static let pause: Duration = .seconds(5)

  private let logger: Logger
  /// Steps since the last line, by what they did.
  private var counts: [String: Int] = [:]
  private var isSummingUp = false
  private var lastLine = ContinuousClock.now

  init(_ logger: Logger) { self.logger = logger }

  /// Tells of a batch's steps.
  ///
  /// - Parameters:
  ///   - backlog: keys that wait or are worked on.
  ///   - noticed: when keys were heard of.
  func note(
    _ steps: [Step], _ priority: Priority, backlog: Int, noticed: [RosterKey: ContinuousClock.Instant]
  ) {
    guard logger.logLevel <= .info, !steps.isEmpty else { return }
    let isBulk = priority >= .sweep && (backlog > WorkLog.many || isSummingUp)
    if isBulk {
      if !isSummingUp { lastLine = .now }
      isSummingUp = true
      for step in steps { counts[step.what.rawValue, default: 0] += 1 }
    }
    let level = isBulk ? Logger.Level.debug : .info
    guard logger.logLevel <= level else { return }
    for step in steps { logger.log(level: level, "applied", metadata: WorkLog.metadata(step, noticed[step.key])) }
  }

  /// Says how far bulk work is, when it is time to, and when it is done.
  func tell(backlog: Int) {
    guard isSummingUp else { return }
    let isOver = backlog == 0
    guard isOver || .now - lastLine >= WorkLog.pause else { return }
    lastLine = .now
    let applied = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    if !counts.isEmpty || isOver {
      logger.info("applied many", metadata: ["what": "\(applied)", "waiting": "\(backlog)"])
    }
    counts = [:]
    if isOver { isSummingUp = false }
  }

  private static func metadata(_ step: Step, _ start: ContinuousClock.Instant?) -> Logger.Metadata {
    var metadata: Logger.Metadata = [
      "key": "\(step.key)", "dn": "\(step.newDN?.text ?? step.operation.dn.text)", "what": "\(step.what.rawValue)",
    ]
    if let old = step.oldDN { metadata["from"] = "\(old.text)" }
    // Names, never values.
    if case .modify(_, let modifications) = step.operation {
      var seen: Set<String> = []
      let names = modifications.map(\.attribute).filter { seen.insert($0.lowercased()).inserted }
      metadata["attributes"] = "\(names.joined(separator: ","))"
    }
    if let start { metadata["ms"] = "\((ContinuousClock.now - start).milliseconds)" }
    return metadata
  }
}
