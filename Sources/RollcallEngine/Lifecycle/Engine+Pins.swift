internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// What is to be done about pins.
@Reactor
struct PinAgenda {
  /// A request that was taken up, and what has to have ended before it is answered.
  struct Owed {
    var request: PinRequest
    /// Passes that may have planned writes for a key before it was pinned.
    var passes: Set<Int>
    /// Decides over removals of the keys.
    var batch: RemovalBatch?
  }

  var owed: [Int: Owed] = [:]
  var isRunning = false
  var isWanted = false
  var timer: Timer?

  mutating func stop() {
    timer?.cancel()
    timer = nil
  }
}

/// Pins are set and taken away in the ledger, by commands; the daemon takes that up, brings in step who is not pinned any
/// more, and only then answers.
extension Engine {
  func wirePins() {
    state.pins.sources = { [weak sources] in sources?.condition ?? "true" }
    state.pins.onChanged = { [weak self] keys in
      guard let self else { return }
      events.emit(.unpinned(keys))
      handInWaiting(for: keys)
    }
  }

  /// Takes up what commands, or the end of their time, have done to pins, without waiting for other requests.
  func answerPinRequests() {
    pinAgenda.isWanted = true
    if pinAgenda.isRunning { return }
    pinAgenda.isRunning = true
    Reactor.task {
      do throws(EngineError) {
        var pause = Duration.milliseconds(5)
        while self.dispatcher.isWorking {
          if self.pinAgenda.isWanted {
            self.pinAgenda.isWanted = false
            try await self.takeUpPins()
            pause = .milliseconds(5)
          }
          try await self.answerOwedPins()
          if self.pinAgenda.owed.isEmpty, !self.pinAgenda.isWanted { break }
          try? await Reactor.sleep(for: pause)
          pause = min(pause * 2, .milliseconds(250))
        }
      } catch {
        self.trouble(error)
      }
      self.pinAgenda.isRunning = false
    }
  }

  /// Reads the pins anew and hands in the keys about which something has been asked.
  func takeUpPins() async throws(EngineError) {
    try await ledger.endExpiredPins()
    // The pins are read after the requests, so none that a request is about is missing.
    let requests = try await ledger.pinRequests()
    try await state.pins.load()
    schedulePins()
    let passes = dispatcher.passes
    let new = requests.filter { pinAgenda.owed[$0.id] == nil }
    if new.isEmpty { return }
    let (unpinned, pinned) = (keys(of: new, areUnpinned: true), keys(of: new, areUnpinned: false))
    if !pinned.isEmpty { events.emit(.pinned(pinned)) }
    if !unpinned.isEmpty { events.emit(.unpinned(unpinned)) }
    // Who is pinned is looked at too: what would be removed is shown by `status`.
    let batch = dispatcher.addTogether(Set(unpinned + pinned), .retry)
    for request in new {
      pinAgenda.owed[request.id] = PinAgenda.Owed(request: request, passes: passes, batch: batch)
    }
    handInWaiting(for: unpinned)
  }

  private func keys(of requests: [PinRequest], areUnpinned: Bool) -> [RosterKey] {
    Set(requests.filter { $0.isUnpin == areUnpinned }.flatMap(\.keys)).sorted()
  }

  /// Hands in keys that are parked because these were pinned.
  private func handInWaiting(for keys: [RosterKey]) {
    dispatcher.addTogether(Set(keys.flatMap { state.keysWaiting(for: $0.text) }), .retry)
    dispatcher.pump()
  }

  /// Answers the requests of which everything is done.
  ///
  /// Of a pin: no pass that began before is under way, and nothing that was sent over a former connection may still be
  /// carried out. Of an unpin: the keys have been looked at.
  func answerOwedPins() async throws(EngineError) {
    let done = pinAgenda.owed.values.filter { owed in
      owed.request.isUnpin
        ? !owed.request.keys.contains(where: dispatcher.queue.contains) && owed.batch.map(dispatcher.isOpen) != true
        : owed.passes.isDisjoint(with: dispatcher.passes) && !unknown.isOpen
    }.map(\.request.id)
    try await ledger.answer(pinRequests: done)
    for id in done { pinAgenda.owed[id] = nil }
  }

  /// Sets the clock for the first pin that ends by itself.
  private func schedulePins() {
    pinAgenda.stop()
    guard let delay = state.pins.nextEnd else { return }
    // Not later than in an hour, whatever becomes of the clock.
    pinAgenda.timer = Reactor.loop.after(min(delay, .seconds(3600)) + .milliseconds(20)) { [weak self] in
      self?.answerPinRequests()
    }
  }
}
