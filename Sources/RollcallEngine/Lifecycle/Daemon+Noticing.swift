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
    lookSoon(
      mustLook
        ? max(.zero, lookedAt + Daemon.lookAfter.pause - .now)
        : max(Daemon.lookAfter.change, lookedAt + Daemon.lookAfter.look - .now))
  }

  func lookSoon(_ delay: Duration) {
    if delay == .zero {
      lookTimer?.cancel()
      lookTimer = nil
      return look()
    }
    if lookTimer != nil, lookDue <= .now + delay { return }
    lookTimer?.cancel()
    lookDue = .now + delay
    lookTimer = Reactor.loop.after(delay) {
      self.lookTimer = nil
      self.look()
    }
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
