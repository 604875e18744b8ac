internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Queues parked keys when their retry time has come.
@Reactor
final class Retrier {
  private let ledger: Ledger
  private let dispatcher: Dispatcher
  private var timer: Timer?
  private var dueAt: ContinuousClock.Instant?
  var onTrouble: (@Reactor (EngineError) -> Void)?

  init(_ ledger: Ledger, _ dispatcher: Dispatcher) {
    self.ledger = ledger
    self.dispatcher = dispatcher
  }

  /// Queues the keys that are due, and sets the timer for the next ones.
  func check() async throws(EngineError) {
    let due = try await ledger.due()
    dispatcher.addTogether(due.keys.filter { !dispatcher.queue.contains($0) }, .retry)
    if !due.keys.isEmpty { dispatcher.pump() }
    if let next = due.next { schedule(after: .seconds(next)) }
  }

  /// Checks again after `delay`, or sooner if a check is already scheduled.
  func schedule(after delay: Duration) {
    // Not sooner than a second, so that a key that fails at once does not cause a busy loop.
    let moment = ContinuousClock.now + max(delay, .seconds(1))
    if let dueAt, timer != nil, dueAt <= moment { return }
    timer?.cancel()
    dueAt = moment
    timer = Reactor.loop.after(max(delay, .seconds(1))) {
      self.timer = nil
      Reactor.task {
        do throws(EngineError) { try await self.check() } catch { self.onTrouble?(error) }
      }
    }
  }

  func stop() {
    timer?.cancel()
    timer = nil
  }
}
