package import Reactor
package import RollcallLedger

/// Sends requests of commands to the leading daemon, through the ledger.
@Reactor
package struct LeadingDaemon {
  private let ledger: Ledger

  package init(_ ledger: Ledger) { self.ledger = ledger }

  /// The result of a request.
  package enum Reply: Sendable {
    /// It is done; with the daemon's answer as JSON.
    case done(String?)
    /// It cannot be done, for this reason.
    case cannot(String)
    /// No process leads, or the leader has gone before it answered: the caller does the work.
    case nobody
  }

  /// Whether a daemon leads.
  package func exists() async throws(EngineError) -> Bool {
    guard let subject = try await ledger.record()?.subject else { return false }
    return try await Leader.exists(for: ledger.directory, subject: subject, ledger.database)
  }

  /// Sends a request that changes nothing: it is answered even while the daemon is paused.
  ///
  /// - Parameter patience: how long the answer may take; after that the result is `nobody`.
  func question(
    _ kind: LedgerRequest.Kind, _ argument: String?, patience: Duration
  ) async throws(EngineError) -> Reply {
    if try await !exists() { return .nobody }
    return try await ask(kind, argument, every: .milliseconds(20)) { waited in waited < patience }
  }

  /// Requests work and waits for its end, however long that takes, unless the daemon is repeatedly paused.
  ///
  /// - Throws: ``EngineError/refused(_:)`` if it is.
  package func order(_ kind: LedgerRequest.Kind, _ argument: String? = nil) async throws(EngineError) -> Reply {
    var watch = PauseWatch()
    return try await ask(kind, argument, every: .milliseconds(100)) { _ throws(EngineError) in
      guard let record = try await ledger.record() else { return true }
      if let reason = watch.note(record.condition, .now) { throw .refused("the leading daemon is \(reason)") }
      return true
    }
  }

  /// - Parameter goesOn: called at each poll with the elapsed time; false, or an error, ends the waiting.
  private func ask(
    _ kind: LedgerRequest.Kind, _ argument: String?, every pause: Duration,
    _ goesOn: @Reactor (Duration) async throws(EngineError) -> Bool
  ) async throws(EngineError) -> Reply {
    let began = ContinuousClock.now
    let id = try await ledger.ask(kind, argument)
    do throws(EngineError) {
      while true {
        let state = try await ledger.state(of: id)
        if state.isDone {
          let answer = try await ledger.takeAnswer(to: id)
          return state.message.map { .cannot($0) } ?? .done(answer)
        }
        if state.isIgnored {
          throw .refused("the leader, \(try await ledger.record()?.leader ?? "?"), does not answer")
        }
        var isGivenUp = try await !goesOn(.now - began)
        if !isGivenUp { isGivenUp = try await !exists() }
        if isGivenUp {
          try await ledger.withdraw(id)
          return .nobody
        }
        try? await Reactor.sleep(for: pause)
      }
    } catch {
      // The next leader need not do it.
      try? await ledger.withdraw(id)
      throw error
    }
  }
}

/// Distinguishes a daemon that is paused permanently from one that is about to continue.
private struct PauseWatch {
  /// How long to wait for a paused daemon.
  private static let patience: Duration = .seconds(30)
  /// How long it must stay connected to count as not paused.
  private static let calm: Duration = .seconds(10)

  private var pausedSince: ContinuousClock.Instant?
  private var connectedSince: ContinuousClock.Instant?
  private var reason: String?

  /// Records the daemon's state; returns why it has been given up, if it has.
  mutating func note(_ condition: DirectoryCondition, _ now: ContinuousClock.Instant) -> String? {
    if condition.state == "connected" {
      connectedSince = connectedSince ?? now
      // A daemon that reconnects only for a moment each time is still paused.
      if let since = connectedSince, now - since > PauseWatch.calm { pausedSince = nil }
    } else {
      connectedSince = nil
      pausedSince = pausedSince ?? now
      reason = "\(condition.state): \(condition.reason ?? "no reason given")"
    }
    guard let since = pausedSince, let reason, now - since > PauseWatch.patience else { return nil }
    return reason
  }
}
