internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Pins are set and taken away in the ledger, by commands; the daemon takes that up, brings in step who is not pinned any
/// more, and only then answers.
@Reactor
final class PinDesk {
  /// A request that was taken up, and what has to have ended before it is answered.
  struct Owed {
    var request: PinRequest
    /// Passes that may have planned writes for a key before it was pinned.
    var passes: Set<Int>
    /// Decides over removals of the keys.
    var batch: RemovalBatch?
  }

  private var owed: [Int: Owed] = [:]
  private var isRunning = false
  private var isWanted = false
  private var timer: Timer?
  private unowned let engine: Engine

  init(_ engine: Engine) { self.engine = engine }

  /// Hears of pins that have ended by themselves.
  func wire() {
    engine.state.pins.sources = { [weak sources = engine.sources] in sources?.condition ?? "true" }
    engine.state.pins.onChanged = { [weak self] keys in
      guard let self else { return }
      engine.events.emit(.unpinned(keys))
      handInWaiting(for: keys)
    }
  }

  func stop() {
    timer?.cancel()
    timer = nil
  }

  /// Takes up what commands, or the end of their time, have done to pins, without waiting for other requests.
  func answer() {
    isWanted = true
    if isRunning { return }
    isRunning = true
    Reactor.task { [engine] in
      do throws(EngineError) {
        var pause = Duration.milliseconds(5)
        while engine.dispatcher.isWorking {
          if self.isWanted {
            self.isWanted = false
            try await self.takeUp()
            pause = .milliseconds(5)
          }
          try await self.answerOwed()
          if self.owed.isEmpty, !self.isWanted { break }
          try? await Reactor.sleep(for: pause)
          pause = min(pause * 2, .milliseconds(250))
        }
      } catch {
        engine.trouble(error)
      }
      self.isRunning = false
    }
  }

  /// Reads the pins anew and hands in the keys about which something has been asked.
  func takeUp() async throws(EngineError) {
    try await engine.ledger.endExpiredPins()
    // The pins are read after the requests, so none that a request is about is missing.
    let requests = try await engine.ledger.pinRequests()
    try await engine.state.pins.load()
    schedule()
    let passes = engine.dispatcher.passes
    let new = requests.filter { owed[$0.id] == nil }
    if new.isEmpty { return }
    let (unpinned, pinned) = (keys(of: new, areUnpinned: true), keys(of: new, areUnpinned: false))
    if !pinned.isEmpty { engine.events.emit(.pinned(pinned)) }
    if !unpinned.isEmpty { engine.events.emit(.unpinned(unpinned)) }
    // Who is pinned is looked at too: what would be removed is shown by `status`.
    let batch = engine.dispatcher.addTogether(Set(unpinned + pinned), .retry)
    for request in new {
      owed[request.id] = Owed(request: request, passes: passes, batch: batch)
    }
    handInWaiting(for: unpinned)
  }

  private func keys(of requests: [PinRequest], areUnpinned: Bool) -> [RosterKey] {
    Set(requests.filter { $0.isUnpin == areUnpinned }.flatMap(\.keys)).sorted()
  }

  /// Hands in keys that are parked because these were pinned.
  private func handInWaiting(for keys: [RosterKey]) {
    engine.dispatcher.addTogether(Set(keys.flatMap { engine.state.keysWaiting(for: $0.text) }), .retry)
    engine.dispatcher.pump()
  }

  /// Answers the requests of which everything is done.
  ///
  /// Of a pin: no pass that began before is under way, and nothing that was sent over a former connection may still be
  /// carried out. Of an unpin: the keys have been looked at.
  func answerOwed() async throws(EngineError) {
    let done = owed.values.filter { owed in
      owed.request.isUnpin
        ? !owed.request.keys.contains(where: engine.dispatcher.queue.contains)
          && owed.batch.map(engine.dispatcher.isOpen) != true
        : owed.passes.isDisjoint(with: engine.dispatcher.passes) && !engine.unknown.isOpen
    }.map(\.request.id)
    try await engine.ledger.answer(pinRequests: done)
    for id in done { owed[id] = nil }
  }

  /// Sets the clock for the first pin that ends by itself.
  private func schedule() {
    stop()
    guard let delay = engine.state.pins.nextEnd else { return }
    // Not later than in an hour, whatever becomes of the clock.
    timer = Reactor.loop.after(min(delay, .seconds(3600)) + .milliseconds(20)) { [weak self] in
      self?.answer()
    }
  }
}
