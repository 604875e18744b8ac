internal import Reactor
internal import RollcallCore
internal import RollcallLedger

extension Engine {
  /// Forgets what every directory has settled, at most once in a while.
  package func prune(force: Bool) async {
    guard dispatcher.isWorking, let sweeper else { return }
    let due = lastPrune.map { ContinuousClock.now - $0 > .seconds(60) } ?? true
    guard force || (due && sweeper.stores > storesAtPrune) else { return }
    lastPrune = .now
    storesAtPrune = sweeper.stores
    let session = Database(options, timeout: 120_000)
    defer { session.end() }
    do throws(EngineError) { try await ChangeLog(session).prune() } catch {
      // It is tried again in a while; a log that is longer than it need be is no reason to stop.
      events.emit(.failed(.pruning, "\(error)"))
    }
  }
}
