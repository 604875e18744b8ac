internal import Logging
internal import Reactor
internal import RollcallCore

/// Writes events to the log: one line each, and during bulk work a summary every few seconds.
@Reactor
final class EventLog {
  private static let pause: Duration = .seconds(5)

  private let logger: Logger
  /// Steps of bulk work since the last line, by kind.
  private var counts: [String: Int] = [:]
  private var isSummingUp = false
  private var lastLine = ContinuousClock.now

  init(_ logger: Logger) { self.logger = logger }

  func note(_ event: Event) {
    switch event {
    case .applied(let step, _, isBulk: true):
      guard logger.logLevel <= .info else { return }
      if !isSummingUp { lastLine = .now }
      isSummingUp = true
      counts[step.what.rawValue, default: 0] += 1
    case .batchEnded(let waiting): return sumUp(waiting: waiting)
    default: break
    }
    guard logger.logLevel <= event.level, let line = event.line else { return }
    var metadata: Logger.Metadata = [:]
    for (name, value) in line.fields { metadata[name] = .string(value) }
    logger.log(level: event.level, "\(line.message)", metadata: metadata)
  }

  /// Logs the progress of bulk work at intervals and when it is done.
  private func sumUp(waiting: Int) {
    guard isSummingUp else { return }
    let isOver = waiting == 0
    guard isOver || .now - lastLine >= EventLog.pause else { return }
    lastLine = .now
    let applied = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    if !counts.isEmpty || isOver {
      logger.info("applied many", metadata: ["what": "\(applied)", "waiting": "\(waiting)"])
    }
    counts = [:]
    if isOver { isSummingUp = false }
  }
}
