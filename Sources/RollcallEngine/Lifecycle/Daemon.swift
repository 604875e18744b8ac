internal import LDAP
internal import LDAPModel
internal import Postgres
package import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// `rollcall run`: keeps the engine established, listens, sweeps and reconciles until it is told to end.
@Reactor @safe
package final class Daemon {
  let engine: Engine
  private let events: Events
  let listener: Listener
  let notifyGate: NotifyGate
  private var trouble: EngineError?
  private var troubleWaiter: UnsafeContinuation<Void, Never>?
  private var isStopping = false
  /// Why it ends by itself.
  private var superseded: EngineError?
  private var tasks: [Task<Void, Never>] = []
  var lookTimer: Timer?
  var lookDue = ContinuousClock.now
  var lookedAt = ContinuousClock.now
  /// How soon after a change that was notified the log is read, how soon after the last time, and at the soonest.
  static let lookAfter = (
    change: Duration.milliseconds(200), look: Duration.seconds(1), pause: Duration.milliseconds(5)
  )
  private var isStandby = false
  /// Since when the log says that it is paused.
  private var pausedSince: ContinuousClock.Instant?
  /// Whether it is lost again and again as soon as it is connected; until that is over nobody is told that it is.
  private var isUnsteady = false
  private var steadying: Timer?
  /// Whether it has been connected, and led or stood by: what would forbid a start is waited out from then on.
  package private(set) var hasBeenReady: Bool
  /// Whether it goes on where another daemon of this process ends, which has made sure that it can.
  private let isSuccessor: Bool
  var burst = NotificationBurst()
  var isHearing = false
  private var pausing: Task<Void, Never>?
  /// How long a connection lasts that was worth making.
  private static let steady: Duration = .seconds(5)
  /// Tells a supervisor how things are.
  package var onStatus: (@Reactor (String) -> Void)?
  /// Called once, when the daemon is connected and leads or stands by.
  package var onReady: (@Reactor () -> Void)?

  /// - Parameter former: the daemon of this process that ends before this one runs. Both sides have been looked at with
  ///   the new engine (``Engine/rehearse()``).
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

  /// Runs until ``stop()``; connections that fail are made again for ever.
  ///
  /// - Throws: ``EngineError/refused(_:)`` for what no waiting mends.
  package func run() async throws(EngineError) {
    if !isSuccessor {
      try await engine.prepare {
        await self.pause($0)
        return !self.isStopping
      }
    }
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
        // Whoever stands by waits for the lock itself, which is there the moment the leader is gone.
        engine.patience = isStandby || isSuccessor ? .seconds(3) : .zero
        try await engine.establish()
        establishedAt = .now
        isStandby = false
        if !isUnsteady { logEstablished() }
        // Whoever is told that it is connected may count on being heard.
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
      // A connection that is lost as soon as it is made does not count as success.
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
    await drain()
    if let superseded { throw superseded }
  }

  /// Ends the daemon in order: what is in flight is finished and settled.
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
      // What would forbid a start does not end what was running well.
      guard hasBeenReady else { throw error }
      backoff = Backoff(base: .seconds(5), cap: .seconds(60))
      await tell(.paused(reason))
    case .directory(let failure):
      // A base that is not there; later it may be a server that is being filled again.
      guard hasBeenReady || failure.code != .noSuchObject else { throw error }
      // Asking again and again with a wrong password locks accounts.
      let goesOn = ErrorClassifier.isReadOnly(failure.code, failure.diagnostic) && engine.link.hasChoice
      if !goesOn, ErrorClassifier.classify(code: failure.code, during: .connect) == .ofTheDirectory {
        backoff = Backoff(base: .seconds(5), cap: .seconds(60))
      }
      await tell(.paused(error.description))
    case .database(let failure):
      if failure.isConnectionLost {
        announce("waiting for PostgreSQL")
      } else {
        await tell(.paused(error.description))
      }
    }
    // Once a pause, however often it is tried.
    if pausedSince == nil { events.emit(.paused(because: "\(error)")) }
    pausedSince = pausedSince ?? .now
    events.emit(.failed(.connecting, "\(error)"))
    await pause(backoff.delay(attempt: attempt, random: Double.random(in: 0..<1)))
  }

  /// Says once that it leads, and after each pause that it goes on.
  private func logEstablished() {
    if let since = pausedSince {
      events.emit(.resumed(after: .now - since))
    } else {
      events.emit(.leading(directory: engine.configuration.name, isFirst: !hasBeenReady))
    }
    pausedSince = nil
  }

  /// Says that it is connected, at once or when that has lasted.
  private func tellEstablished() async {
    if !isUnsteady { return await tellCondition() }
    steadying = Reactor.loop.after(Daemon.steady) {
      self.steadying = nil
      self.isUnsteady = false
      self.logEstablished()
      Reactor.task { await self.tellCondition() }
    }
  }

  /// Waits that long, or until the daemon is told to end.
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

  /// Ends where the schema was upgraded meanwhile: nobody knows what this program's writes mean there.
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

  private func drain() async {
    announce("stopping")
    for task in tasks { task.cancel() }
    listener.close()
    lookTimer?.cancel()
    if engine.leader.isLeading { await notifyGate.retire() } else { notifyGate.stop() }
    await engine.drain()
    if engine.leader.isLeading { await engine.note(.stopped) }
    engine.close()
  }
}
