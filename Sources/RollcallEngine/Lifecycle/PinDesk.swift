internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Handles requests to pin and unpin keys. Commands store pins in the ledger; the daemon loads them, synchronizes keys
/// that are no longer pinned, and then answers.
@Reactor
final class PinDesk {
  /// A request that was accepted, and what has to end before it is answered.
  struct Owed {
    var request: PinRequest
    /// Passes that may have planned writes for a key before it was pinned.
    var passes: Set<Int>
    /// The batch that decides on removals of the keys.
    var batch: RemovalBatch?
  }

  private var owed: [Int: Owed] = [:]
  private var isRunning = false
  private var isWanted = false
  private var timer: Timer?
  private unowned let engine: Engine

  init(_ engine: Engine) { self.engine = engine }

  /// Registers for pins that expire.
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

  /// Handles changes to pins, made by commands or by expiry, without waiting for other requests.
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

  /// Reloads the pins, and queues the keys of new requests.
  func takeUp() async throws(EngineError) {
    try await engine.ledger.endExpiredPins()
    // The pins are read after the requests, so that every pin that a request refers to has been read.
    let requests = try await engine.ledger.pinRequests()
    try await engine.state.pins.load()
    schedule()
    let passes = engine.dispatcher.passes
    let new = requests.filter { owed[$0.id] == nil }
    if new.isEmpty { return }
    let (unpinned, pinned) = (keys(of: new, areUnpinned: true), keys(of: new, areUnpinned: false))
    if !pinned.isEmpty { engine.events.emit(.pinned(pinned)) }
    if !unpinned.isEmpty { engine.events.emit(.unpinned(unpinned)) }
    // Pinned keys are processed too, so that `status` shows what would be removed.
    let batch = engine.dispatcher.addTogether(Set(unpinned + pinned), .retry)
    for request in new {
      owed[request.id] = Owed(request: request, passes: passes, batch: batch)
    }
    handInWaiting(for: unpinned)
  }

  private func keys(of requests: [PinRequest], areUnpinned: Bool) -> [RosterKey] {
    Set(requests.filter { $0.isUnpin == areUnpinned }.flatMap(\.keys)).sorted()
  }

  /// Queues keys that are parked because these keys were pinned.
  private func handInWaiting(for keys: [RosterKey]) {
    engine.dispatcher.addTogether(Set(keys.flatMap { engine.state.keysWaiting(for: $0.text) }), .retry)
    engine.dispatcher.pump()
  }

  /// Answers the requests that are complete.
  ///
  /// A pin is complete when no pass that began before it is running and no operation sent over a former connection can
  /// still take effect. An unpin is complete when its keys have been processed.
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

  /// Sets the timer for the next pin that expires.
  private func schedule() {
    stop()
    guard let delay = engine.state.pins.nextEnd else { return }
    // At most an hour, in case the clock is changed.
    timer = Reactor.loop.after(min(delay, .seconds(3600)) + .milliseconds(20)) { [weak self] in
      self?.answer()
    }
  }
}
