internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Tells writers whether to notify: armed while there is little to do, silent while the log is polled anyway.
///
/// Under load, notifications cost writers more than the log does, so a storm is polled, as network drivers do. The
/// log is also polled while PostgreSQL's notification queue fills up (``QueueWatch``), and where two-phase commit is
/// enabled: triggers then notify only on request, because a transaction that has notified cannot be prepared.
///
/// The lease on the row expires, so that writers do not notify for a daemon that is gone. It is shorter than the time
/// from silencing to a full queue (some 44 s), so it expires before a commit could fail because of it.
@Reactor @safe
final class NotifyGate {
  /// How long the lease lasts, and how often it is renewed.
  private static let lease: Duration = .seconds(30)
  private static let renewEvery: Duration = .seconds(10)
  /// How often the log is read in a storm, at most.
  private static let pollEvery: Duration = .milliseconds(5)
  /// How often the log is checked while writers do not notify, at most.
  private static let quietPollEvery: Duration = .milliseconds(50)
  /// More notifications than this in a span are a storm: on their own, or together with a backlog.
  private static let span: Duration = .milliseconds(50)
  private static let storm = (rings: 75, ringsBehind: 10, backlog: 64)
  /// A storm is over when fewer changes than this are logged in two spans.
  private static let calm = 20

  private let database: Database
  private let directory: String
  private let sweeper: @Reactor () -> Sweeper?
  private let queue: QueueWatch
  private var isTwoPhase = false
  private var task: Task<Void, Never>?
  private var rings = 0
  private var spanBegan = ContinuousClock.now
  private var isStorm = false
  private var nap: (waiter: UnsafeContinuation<Void, Never>, timer: Timer)?
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Called with the first transaction from which on writers notify, and with nil when they do not.
  var onNotifying: (@Reactor (UInt64?) -> Void)?
  /// The board that reports that writers do not notify.
  var problems: ProblemBoard?

  /// - Parameter sweeper: the reader of the log; it is replaced after each loss of a side.
  init(_ database: Database, directory: String, sweeper: @escaping @Reactor () -> Sweeper?) {
    self.database = database
    self.directory = directory
    self.sweeper = sweeper
    queue = QueueWatch(database)
    queue.onChange = { [weak self] in self?.queueHasChanged() }
  }

  private func queueHasChanged() {
    if queue.isFilling {
      onNotifying?(nil)
      problems?.set(.queue, message: QueueWatch.problem.message, fix: QueueWatch.problem.fix)
    } else {
      problems?.clear(.queue)
    }
    wake()
  }

  /// Records a notification; `backlog` is the number of unsettled keys.
  func heard(backlog: Int) {
    let now = ContinuousClock.now
    if now - spanBegan > NotifyGate.span {
      spanBegan = now
      rings = 0
    }
    rings += 1
    let storm = NotifyGate.storm
    if !isStorm, rings >= storm.rings || (rings >= storm.ringsBehind && backlog >= storm.backlog) {
      isStorm = true
      onNotifying?(nil)
      wake()
    }
  }

  /// Arms the gate, and keeps it armed until ``stop()`` or a failure.
  func start() async throws(EngineError) {
    stop()
    isStorm = false
    try await lookForTwoPhase()
    try await queue.start()
    try await arm()
    task = Reactor.task { await self.keep() }
  }

  func stop() {
    task?.cancel()
    task = nil
    onNotifying?(nil)
    queue.stop()
    wake()
  }

  private func lookForTwoPhase() async throws(EngineError) {
    let most = try await database.query("SELECT current_setting('max_prepared_transactions')").int(0, 0) ?? 0
    isTwoPhase = most > 0
    if let finding = TwoPhase.finding(most) {
      problems?.set(.twophase, message: finding.message, fix: finding.remedy)
    } else {
      problems?.clear(.twophase)
    }
  }

  /// Ends cleanly: without another daemon, writers then notify all listeners, as they do without Rollcall's daemon.
  func retire() async {
    stop()
    _ = try? await database.query("DELETE FROM rollcall.bell WHERE directory = $1", [directory])
  }

  private func keep() async {
    do throws(EngineError) {
      while !Task.isCancelled {
        if queue.isFilling || isTwoPhase { try await pollQuietly() } else { try await listen() }
        if isStorm {
          try await disarm()
          try await poll()
          isStorm = false
        }
        if !Task.isCancelled, !queue.isFilling { try await arm() }
      }
    } catch {
      if !Task.isCancelled { onTrouble?(error) }
    }
  }

  private func disarm() async throws(EngineError) {
    try await database.query(
      "UPDATE rollcall.bell SET armed = false WHERE directory = $1 AND armed", [directory])
  }

  private func arm() async throws(EngineError) {
    try await database.query(
      """
      INSERT INTO rollcall.bell AS b (directory, armed, until)
      VALUES ($1, $3::boolean, clock_timestamp() + $2::float8 * interval '1 second')
      ON CONFLICT (directory) DO UPDATE SET armed = excluded.armed, until = excluded.until
      """, [directory, "\(NotifyGate.lease / .seconds(1))", queue.isFilling ? "f" : "t"])
  }

  /// Reads changes made silently before the gate was armed; returns when a storm begins or the lease must be renewed.
  private func listen() async throws(EngineError) {
    let due = ContinuousClock.now + NotifyGate.renewEvery
    // A writer gets its transaction id before it reads the gate, so one that saw it silent has an id below the next
    // one to be assigned. (A snapshot's xmax would not do: higher ids may already be running.)
    let first =
      try await database.query("SELECT pg_current_xact_id()::text").text(0, 0).flatMap { UInt64($0) } ?? 0
    if !Task.isCancelled, !isStorm, !queue.isFilling { onNotifying?(first) }
    var pause = NotifyGate.pollEvery
    while !Task.isCancelled, !isStorm, !queue.isFilling, ContinuousClock.now < due {
      guard let sweeper = sweeper() else { return await rest(.seconds(1)) }
      if sweeper.seenAllBelow(first) {
        await rest(due - ContinuousClock.now)
      } else {
        let started = ContinuousClock.now
        try await sweeper.look()
        if sweeper.seenAllBelow(first) { continue }
        // Does not poll at full speed for a transaction that stays open for hours.
        await rest(min(max(pause, (ContinuousClock.now - started) * 4), due - ContinuousClock.now))
        pause = min(pause * 3 / 2, .seconds(1))
      }
    }
  }

  /// Polls while writers do not notify; returns when that ends, a storm begins or the lease must be renewed.
  private func pollQuietly() async throws(EngineError) {
    let due = ContinuousClock.now + NotifyGate.renewEvery
    while !Task.isCancelled, !isStorm, queue.isFilling || isTwoPhase, ContinuousClock.now < due {
      guard let sweeper = sweeper() else { return await rest(.seconds(1)) }
      let started = ContinuousClock.now
      try await sweeper.lookForNews()
      await rest(max(NotifyGate.quietPollEvery, (ContinuousClock.now - started) * 4))
    }
  }

  /// Polls the log every few milliseconds until the storm is over; less often while it is heavy.
  private func poll() async throws(EngineError) {
    var began = ContinuousClock.now
    var before = sweeper()?.found ?? 0
    defer { sweeper()?.writerThrottle.stormIsOver() }
    while !Task.isCancelled {
      guard let sweeper = sweeper() else { return }
      let started = ContinuousClock.now
      try await sweeper.look()
      // A read that takes long, because a transaction stays open or the machine is busy, is repeated less often.
      let pause = sweeper.writerThrottle.isHeavy ? WriterThrottle.pollEvery : NotifyGate.pollEvery
      await rest(max(pause, (ContinuousClock.now - started) * 2))
      let span = ContinuousClock.now - began
      if span > NotifyGate.span * 2 {
        let found = sweeper.found - before
        if found < NotifyGate.calm { return }
        sweeper.writerThrottle.note(found, in: span)
        began = .now
        before = sweeper.found
      }
    }
  }

  private func rest(_ duration: Duration) async {
    if Task.isCancelled || duration <= .zero { return }
    unsafe await withUnsafeContinuation { waiter in
      unsafe nap = (waiter, Reactor.loop.after(duration) { self.wake() })
    }
  }

  private func wake() {
    guard let nap = unsafe nap else { return }
    unsafe self.nap = nil
    unsafe nap.timer.cancel()
    unsafe nap.waiter.resume()
  }
}
