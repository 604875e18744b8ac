internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Rows for which a query fails, and what is said about it.
extension KeyQueryReader {
  private static let backoff = Backoff(base: .seconds(1), cap: .seconds(60))

  func set(aside failure: Aside) {
    let key = failure.row.key
    tell(failure)
    guard let other = aside[key] else {
      dispatcher.queue.epochs.enter(failure.epoch)
      aside[key] = failure
      return
    }
    // The older epoch keeps the younger one open.
    aside[key] = Aside(row: failure.row, epoch: other.epoch, failure: failure.failure)
  }

  /// Tries the rows that were set aside once more, each as a window of its own.
  func retry() async {
    mayRetry = false
    attempts += 1
    for (key, item) in aside.sorted(by: { $0.key < $1.key }) {
      guard await dispatcher.room(), !hasStopped else { return }
      let removalBatch = dispatcher.removalGuard.begin(isOfTheLog: true)
      current = Window(after: "", upTo: "", epoch: item.epoch, removalBatch: removalBatch)
      defer { current = nil }
      do throws(EngineError) {
        let type = try await query.prepare(session, roster: try await roster.resolveKeyType())
        try await queue([item.row], type)
        aside[key] = nil
        dispatcher.close(removalBatch, epoch: item.epoch)
      } catch {
        dispatcher.removalGuard.abandon(removalBatch)
        if case .standby = error { continue }
        aside[key]?.failure = error
        tell(Aside(row: item.row, epoch: item.epoch, failure: error))
      }
    }
    tellAside()
  }

  /// Reports whether rows are set aside, and tries them again after a while.
  func tellAside() {
    guard let (key, item) = aside.min(by: { $0.key < $1.key }) else {
      attempts = 0
      report(nil)
      return
    }
    let others = aside.count > 1 ? " and \(aside.count - 1) more" : ""
    report("for the row \(key.shown)\(others): \(KeyQueryReader.text(item.failure))")
    if timer != nil { return }
    let delay = KeyQueryReader.backoff.delay(attempt: attempts, random: Double.random(in: 0..<1))
    timer = Reactor.loop.after(delay) { [weak self] in
      self?.timer = nil
      self?.mayRetry = true
      self?.readNext()
    }
  }

  private func tell(_ item: Aside) {
    events.emit(.failed(.findingPeople, "\(query.path), for the row \(item.row.key.shown): \(item.failure)"))
  }

  /// - Returns: whether it is reported as a problem.
  func tell(_ error: EngineError, isFirst: Bool) -> Bool {
    events.emit(.failed(.findingPeople, "\(query.path): \(error)"))
    // A lost connection is reported where it belongs; one may be by chance.
    if isFirst, case .database(let failure) = error, failure.isConnectionLost { return false }
    report(KeyQueryReader.text(error))
    return true
  }

  private static func text(_ error: EngineError) -> String {
    if case .database(let failure) = error { return failure.message }
    return "\(error)"
  }
}
