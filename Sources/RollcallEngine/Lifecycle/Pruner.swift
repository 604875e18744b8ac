package import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Deletes log entries that every directory has settled, and old rows of the journal, at most once a minute.
@Reactor
package final class Pruner {
  private unowned let engine: Engine
  private var last: ContinuousClock.Instant?
  /// The number of stored watermarks at that time; without a newer one there is nothing to delete.
  private var storesAtLast = 0

  init(_ engine: Engine) { self.engine = engine }

  package func prune(force: Bool) async {
    guard engine.dispatcher.isWorking, let sweeper = engine.sweeper else { return }
    let isDue = last.map { ContinuousClock.now - $0 > .seconds(60) } ?? true
    guard force || (isDue && sweeper.stores > storesAtLast) else { return }
    last = .now
    storesAtLast = sweeper.stores
    let (events, session) = (engine.events, Database(engine.sessions.options, timeout: 120_000))
    defer { session.end() }
    do throws(EngineError) {
      try await ChangeLog(session).prune()
      // By a clock that is wrong, the whole journal may be too old.
      try await engine.due.clock.read()
      if !engine.due.clock.isDoubtful { try await ChangeLog(session).pruneJournal() }
    } catch {
      // It is tried again later; a log that is longer than necessary is no reason to stop.
      events.emit(.failed(.pruning, "\(error)"))
    }
  }
}
