internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Handles notifications, and decides when to read the change log after them.
extension Daemon {
  /// Handles a notification. Notifications that arrive in one read of the socket are handled together.
  func hear(_ payload: NotificationPayload?) {
    if payload?.request != nil { return engine.answerRequests() }
    if let transaction = payload?.xid.flatMap({ UInt64($0) }) { engine.counting.notifications.heard(transaction) }
    notifyGate.heard(backlog: engine.dispatcher.queue.backlog)
    if let source = payload?.source.map({ "\($0)" }) {
      let isIndirect = !engine.sources.queries(of: source).isEmpty
      if engine.sources.contain(source) {
        burst.add(payload)
      } else if !isIndirect {
        // The keys belong to another directory.
        return
      }
      // Whom the row concerns a query finds once the log has been read.
      if isIndirect { burst.mustLookAtLog() }
    } else {
      burst.add(payload)
    }
    if isHearing { return }
    isHearing = true
    Reactor.task { self.takeUpBurst() }
  }

  /// Counts changes that no notification named, while the triggers notify and this process listens.
  func countMissedNotifications() {
    let (counting, listener) = (engine.counting, self.listener)
    notifyGate.onNotifying = { first in
      guard let first else { return counting.notifications.end() }
      if listener.isListening { counting.notifications.begin(with: first) }
    }
    listener.onDeaf = { counting.notifications.end() }
  }

  private func takeUpBurst() {
    isHearing = false
    let heard = burst.take()
    var mustLook = heard.mustLook
    guard let sweeper = engine.sweeper, engine.dispatcher.isWorking else { return }
    for change in heard.small where !sweeper.hear(change) { mustLook = true }
    // If the notifications named all changes, the log is read a little later, once per burst, to advance the watermark.
    // Otherwise it is read at once, but never without a pause between two reads.
    if mustLook {
      lookSoon(max(.zero, lookedAt + Daemon.lookAfter.pause - .now))
    } else {
      lookSoon(max(Daemon.lookAfter.change, lookedAt + Daemon.lookAfter.look - .now), inPause: true)
    }
  }

  /// Reads the log after a while.
  ///
  /// - Parameter inPause: whether it waits a moment longer for a pause between single writes, of which it meets none then.
  func lookSoon(_ delay: Duration, inPause: Bool = false) {
    if delay == .zero {
      lookTimer?.cancel()
      lookTimer = nil
      return look()
    }
    if lookTimer != nil, lookDue <= .now + delay, inPause || !looksInPause { return }
    lookTimer?.cancel()
    lookDue = .now + delay
    looksInPause = inPause
    lookTimer = Reactor.loop.after(delay) { self.look(patience: inPause ? 20 : 0) }
  }

  /// - Parameter patience: milliseconds for which it waits until nothing is being written.
  private func look(patience: Int) {
    if patience > 0, engine.dispatcher.passesRunning > 0 {
      lookTimer = Reactor.loop.after(.milliseconds(1)) { self.look(patience: patience - 1) }
      return
    }
    lookTimer = nil
    look()
  }

  private func look() {
    guard engine.dispatcher.isWorking, let sweeper = engine.sweeper else { return }
    lookedAt = .now
    Reactor.task {
      do throws(EngineError) {
        try await sweeper.look()
        await self.engine.pruner.prune(force: false)
      } catch {
        self.engine.trouble(error)
      }
    }
  }
}
