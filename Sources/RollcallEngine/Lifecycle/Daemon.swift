internal import LDAP
internal import LDAPModel
internal import Postgres
package import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// Implements `rollcall run`: keeps the engine connected, and listens, sweeps and reconciles until it is stopped.
@Reactor @safe
package final class Daemon {
  let engine: Engine
  private let events: Events
  let listener: Listener
  let notifyGate: NotifyGate
  private var trouble: EngineError?
  private var troubleWaiter: UnsafeContinuation<Void, Never>?
  private var isStopping = false
  /// The error with which the daemon stops by itself.
  private var superseded: EngineError?
  private var tasks: [Task<Void, Never>] = []
  var lookTimer: Timer?
  var lookDue = ContinuousClock.now
  var looksInPause = false
  var lookedAt = ContinuousClock.now
  /// When the log is read: this long after a change was notified, this long after the last read, and the minimum pause.
  static let lookAfter = (
    change: Duration.milliseconds(200), look: Duration.seconds(1), pause: Duration.milliseconds(5)
  )
  private var isStandby = false
  /// When the pause that the log reports began.
  private var pausedSince: ContinuousClock.Instant?
  /// Whether connections are repeatedly lost soon after they are made; until one lasts, no connection is reported.
  private var isUnsteady = false
  private var steadying: Timer?
  /// Whether it has ever been leader or standby. From then on it retries after errors that would prevent a start.
  package private(set) var hasBeenReady: Bool
  /// Whether it takes over from another daemon of this process, which has already made the checks of a start.
  private let isSuccessor: Bool
  var burst = NotificationBurst()
  var isHearing = false
  private var pausing: Task<Void, Never>?
  /// A connection that lasts longer than this counts as stable.
  private static let steady: Duration = .seconds(5)
  /// Reports the status to a supervisor.
  package var onStatus: (@Reactor (String) -> Void)?
  /// Called once, when the daemon is connected and is leader or standby.
  package var onReady: (@Reactor () -> Void)?

  /// - Parameter former: the daemon of this process that this one replaces; it ends before this one runs. Both servers
  ///   were checked with the new engine before (``Engine/rehearse()``).
  package init(_ engine: Engine, after former: Daemon? = nil) {
    self.engine = engine
    hasBeenReady = former?.hasBeenReady ?? false
    isSuccessor = former != nil
    events = engine.events
    listener = Listener(engine.sessions.options, engine.events)
    notifyGate = NotifyGate(engine.ledger.database, directory: engine.configuration.name) { [weak engine] in
      engine?.sweeper
    }
    engine.onTrouble = { [weak self] error in self?.note(error) }
    engine.onState = { [weak self] in Reactor.task { await self?.tellCondition() } }
    engine.reconciles.isPeriodic = true
    notifyGate.onTrouble = { [weak engine] error in engine?.trouble(error) }
    notifyGate.problems = engine.problems
    listener.onListening = { [weak self] in
      self?.lookSoon(.zero)
      self?.engine.answerRequests()
    }
    listener.onPayload = { [weak self] payload in self?.hear(payload) }
    countMissedNotifications()
  }

  /// Runs until ``stop()`` is called; reconnects whenever a connection fails.
  ///
  /// - Throws: ``EngineError/refused(_:)`` for errors that retrying cannot fix.
  package func run() async throws(EngineError) {
    if !isSuccessor {
      try await engine.prepare {
        await self.pause($0)
        return !self.isStopping
      }
    }
    let hasBegun = !isStopping
    tasks.append(Reactor.task { await self.listener.run() })
    tasks.append(
      Reactor.task {
        await self.every(self.engine.configuration.sweep.every) {
          self.lookSoon(.zero)
          self.engine.answerRequests()
          self.lookAtCapture()
          self.lookAtSchema()
          Reactor.task { await self.engine.bound.look() }
        }
      })
    tasks.append(Reactor.task { await self.every(.seconds(1)) { self.engine.noteBacklog() } })
    var attempt = 0
    var establishedAt: ContinuousClock.Instant?
    while !isStopping {
      do throws(EngineError) {
        trouble = nil
        // A standby waits for the lock itself, so that it gets the lock the moment the leader releases it.
        engine.patience = isStandby || isSuccessor ? .seconds(3) : .zero
        try await engine.establish()
        establishedAt = .now
        isStandby = false
        if !isUnsteady { logEstablished() }
        // Writers must be told to notify before the daemon reports that it is connected.
        try await notifyGate.start()
        await tellEstablished()
        ready()
        lookSoon(.zero)
        lookAtCapture()
        await waitForTrouble()
      } catch {
        trouble = error
      }
      if isStopping { break }
      // A connection that is lost soon after it was made does not count as a success.
      if let since = establishedAt {
        let isSteady = .now - since > Daemon.steady
        isUnsteady = !isSteady && attempt > 0
        if isSteady { attempt = 0 }
      }
      establishedAt = nil
      steadying?.cancel()
      steadying = nil
      if let trouble { try await handle(trouble, attempt: &attempt) }
    }
    await drain(hasBegun)
    if let superseded { throw superseded }
  }

  /// Stops the daemon in an orderly way: operations in flight are completed and recorded.
  package func stop() {
    isStopping = true
    pausing?.cancel()
    if isStandby { engine.leader.resign() }
    resumeTrouble()
  }

  // MARK: Trouble

  private func note(_ error: EngineError) {
    if trouble == nil { trouble = error }
    resumeTrouble()
  }

  private func resumeTrouble() {
    let waiter = unsafe troubleWaiter
    unsafe troubleWaiter = nil
    unsafe waiter?.resume()
  }

  private func waitForTrouble() async {
    while trouble == nil && !isStopping {
      unsafe await withUnsafeContinuation { unsafe troubleWaiter = $0 }
    }
  }

  private func handle(_ error: EngineError, attempt: inout Int) async throws(EngineError) {
    notifyGate.stop()
    await engine.waitForPasses()
    attempt += 1
    var backoff = Backoff(base: .milliseconds(100), cap: .seconds(5))
    switch error {
    case .standby:
      if !isStandby { events.emit(.standingBy) }
      isStandby = true
      announce("standing by")
      ready()
      attempt = 0
      return
    case .refused(let reason):
      // An error that would prevent a start does not end a daemon that has been running well.
      guard hasBeenReady else { throw error }
      backoff = Backoff(base: .seconds(5), cap: .seconds(60))
      isUnsteady = true
      await tell(.paused(reason))
    case .directory(let failure):
      // The base does not exist: an error at the start. Later, the server may be in the middle of a reload.
      guard hasBeenReady || failure.code != .noSuchObject else { throw error }
      // Repeated binds with a wrong password can lock the account.
      let goesOn = ErrorClassifier.isReadOnly(failure.code, failure.diagnostic) && engine.link.hasChoice
      if !goesOn, ErrorClassifier.classify(code: failure.code, during: .connect) == .ofTheDirectory {
        backoff = Backoff(base: .seconds(5), cap: .seconds(60))
      }
      await tell(.paused(error.description))
    case .database(let failure):
      if failure.isConnectionLost {
        announce("waiting for PostgreSQL")
      } else {
        // As after a refusal, a connection does not show that the reason is gone.
        isUnsteady = true
        await tell(.paused(error.description))
      }
    }
    // Logged once per pause, regardless of the number of attempts.
    if pausedSince == nil { events.emit(.paused(because: "\(error)")) }
    pausedSince = pausedSince ?? .now
    events.emit(.failed(.connecting, "\(error)"))
    await pause(backoff.delay(attempt: attempt, random: Double.random(in: 0..<1)))
  }

  /// Logs the start of leadership once, and after each pause that work resumes.
  private func logEstablished() {
    if let since = pausedSince {
      events.emit(.resumed(after: .now - since))
    } else {
      events.emit(.leading(directory: engine.configuration.name, isFirst: !hasBeenReady))
    }
    pausedSince = nil
  }

  /// Reports that it is connected: at once, or as soon as the connection has proved stable.
  private func tellEstablished() async {
    if !isUnsteady { return await tellCondition() }
    steadying = Reactor.loop.after(Daemon.steady) {
      self.steadying = nil
      self.isUnsteady = false
      self.logEstablished()
      Reactor.task { await self.tellCondition() }
    }
  }

  /// Waits for this time, or until the daemon is told to stop.
  private func pause(_ delay: Duration) async {
    if isStopping { return }
    let task = Reactor.task { try? await Reactor.sleep(for: delay) }
    pausing = task
    await task.value
    pausing = nil
  }

  private func tellCondition() async {
    if steadying == nil { await tell(engine.condition) }
  }

  private func tell(_ condition: DirectoryCondition) async {
    announce(condition.reason.map { "\(condition.state): \($0)" } ?? condition.state)
    await engine.note(condition)
  }

  private func announce(_ status: String) { onStatus?(status) }

  private func ready() {
    hasBeenReady = true
    onReady?()
    onReady = nil
  }

  /// Stops the daemon if the schema has been upgraded meanwhile: it is not known what this program's writes mean there.
  private func lookAtSchema() {
    Reactor.task {
      guard !self.isStopping, let error = await self.engine.ledger.newerSchema() else { return }
      self.superseded = error
      self.stop()
    }
  }

  private func lookAtCapture() { Reactor.task { await self.engine.capture.look() } }

  private func every(_ period: Duration, _ body: @Reactor () -> Void) async {
    while !Task.isCancelled {
      try? await Reactor.sleep(for: period)
      if !Task.isCancelled { body() }
    }
  }

  // MARK: Ending

  /// - Parameter hasBegun: false if it was stopped while it waited for the database at its start.
  private func drain(_ hasBegun: Bool) async {
    announce("stopping")
    for task in tasks { task.cancel() }
    listener.close()
    lookTimer?.cancel()
    if engine.leader.isLeading { await notifyGate.retire() } else { notifyGate.stop() }
    await engine.drain()
    // Also if it never led: nobody waits for the directory any more. A lost database is not waited for.
    if engine.leader.isLeading || hasBegun && !hasLostDatabase { await engine.note(.stopped) }
    engine.close()
  }

  private var hasLostDatabase: Bool {
    if case .database(let failure)? = trouble { failure.isConnectionLost } else { false }
  }
}
