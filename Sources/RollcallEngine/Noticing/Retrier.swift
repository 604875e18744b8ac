internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Hands parked keys in again when their time has come.
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

  /// Hands in what is due, and sets the clock for what is next.
  func check() async throws(EngineError) {
    let due = try await ledger.due()
    dispatcher.addTogether(due.keys.filter { !dispatcher.queue.contains($0) }, .retry)
    if !due.keys.isEmpty { dispatcher.pump() }
    if let next = due.next { schedule(after: .seconds(next)) }
  }

  /// Looks again after `delay`, or sooner if that is already planned.
  func schedule(after delay: Duration) {
    // Not sooner than a second, so that a key that fails at once does not spin.
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
