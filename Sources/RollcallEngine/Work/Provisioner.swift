internal import LDAPModel
internal import Logging
internal import Postgres
internal import Reactor
internal import RollcallCore

/// Keeps the queue moving: takes batches to the worker, settles what came of them, moves the watermark.
@Reactor @safe
final class Provisioner {
  private static let fastBatch = 32
  // Enough to fill the window while others read, and no more: a key in flight waits for its pass when HR changes it,
  // and a pass works through its batch without a pause.
  private static let bulkBatch = 64
  private static let fastPasses = 2
  private static let bulkPasses = 4
  /// Above this backlog, long windows and reconciles wait before they hand in more keys.
  private static let highWater = 20_000

  var queue = WorkQueue()
  private let state: LedgerState
  let gatekeeper: Gatekeeper
  private let logger: Logger
  private var worker: Worker?
  private var fastRunning = 0
  private var bulkRunning = 0
  private var breaker = Breaker()
  private var probeTimer: Timer?
  private var probes = 0
  /// When a key was heard of, for the log.
  private var noticed: [String: ContinuousClock.Instant] = [:]
  /// Gatherings that are read to the end, with the epoch that waits for their decision.
  private var closed: [Gathering: Epoch] = [:]
  private var deciding: Set<Gathering> = []
  private var roomWaiters: [UnsafeContinuation<Void, Never>] = unsafe []
  private var quietWaiters: [UnsafeContinuation<Void, Never>] = unsafe []

  /// Called when one of the sides fails; work has stopped until ``resume(_:)``.
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Called when more of the log may have settled.
  var onProgress: (@Reactor () -> Void)?
  /// Called when the breaker opens, with the refusal that opened it.
  var onBreaker: (@Reactor (Problem?) -> Void)?
  /// Called when a key is to be tried again after a while.
  var onParked: (@Reactor (Duration) -> Void)?
  /// Called when a gathering's removals are decided.
  var onDecided: (@Reactor (Gathering) -> Void)?
  /// Called when a gathering's decision holds removals.
  var onHeld: (@Reactor ([Removal]) -> Void)?

  /// Steps confirmed by the directory since the start.
  private(set) var appliedSteps = 0

  init(_ state: LedgerState, _ gatekeeper: Gatekeeper, _ logger: Logger) {
    self.state = state
    self.gatekeeper = gatekeeper
    self.logger = logger
  }

  // MARK: Coming in

  func add(_ key: String, _ priority: Priority, epoch: Epoch? = nil, gathering: Gathering? = nil) {
    if priority == .notification, noticed[key] == nil { noticed[key] = .now }
    queue.add(key, priority, epoch: epoch, gathering: gathering)
  }

  /// Waits until the queue has room for another page of keys.
  func room() async {
    while queue.backlog > Provisioner.highWater {
      pump()
      unsafe await withUnsafeContinuation { unsafe roomWaiters.append($0) }
    }
  }

  /// Waits until nothing is queued, in flight or undecided, or work has stopped.
  func quiet() async {
    while worker != nil, !isQuiet {
      pump()
      unsafe await withUnsafeContinuation { unsafe quietWaiters.append($0) }
    }
  }

  var isQuiet: Bool { queue.backlog == 0 && closed.isEmpty && fastRunning + bulkRunning == 0 }
  var isWorking: Bool { worker != nil }
  var isBreakerOpen: Bool { breaker.isOpen }
  var passesRunning: Int { fastRunning + bulkRunning }

  /// Says that a gathering's keys have all been handed in; the epoch waits for the decision.
  func close(_ gathering: Gathering, epoch: Epoch) {
    closed[gathering] = epoch
    decideGatherings()
  }

  // MARK: Working

  func resume(_ worker: Worker) {
    self.worker = worker
    breaker.succeeded()
    pump()
  }

  func suspend() {
    worker = nil
    wake()
  }

  func pump() {
    guard let worker else { return }
    if breaker.isOpen { return probe(worker) }
    while fastRunning < Provisioner.fastPasses,
      let batch = queue.take(Provisioner.fastBatch, within: .notification ... .retry)
    {
      fastRunning += 1
      start(batch, worker, .fast)
    }
    while bulkRunning < Provisioner.bulkPasses,
      let batch = queue.take(Provisioner.bulkBatch, within: .sweep ... .reconcile)
    {
      bulkRunning += 1
      start(batch, worker, .bulk)
    }
  }

  /// One key at a time while the breaker is open, with growing pauses unless something urgent comes.
  private func probe(_ worker: Worker) {
    guard fastRunning + bulkRunning == 0 else { return }
    let urgent = queue.hasWork(.notification ... .notification)
    if probeTimer != nil, !urgent { return }
    probeTimer?.cancel()
    let backoff = Backoff(base: .seconds(1), cap: .seconds(30))
    probes += 1
    probeTimer = Reactor.loop.after(backoff.delay(attempt: probes, random: Double.random(in: 0..<1))) {
      self.probeTimer = nil
      self.pump()
    }
    guard let batch = queue.take(1, within: .notification ... .reconcile) else { return }
    fastRunning += 1
    start(batch, worker, .fast)
  }

  private func start(_ batch: Batch, _ worker: Worker, _ lane: DirectoryLink.Lane) {
    Reactor.task {
      let report = await worker.work(
        batch.keys, lane, gathering: { self.queue.gathering(of: $0) },
        hasAwaited: { self.queue.hasAwaited($0, $1) })
      await self.settle(batch, report)
      if lane == .fast { self.fastRunning -= 1 } else { self.bulkRunning -= 1 }
      self.decideGatherings()
      self.pump()
      self.wake()
    }
  }

  private func wake() {
    if worker == nil || queue.backlog <= Provisioner.highWater {
      let waiters = unsafe roomWaiters
      unsafe roomWaiters = []
      for unsafe waiter in unsafe waiters { unsafe waiter.resume() }
    }
    if worker == nil || isQuiet {
      let waiters = unsafe quietWaiters
      unsafe quietWaiters = []
      for unsafe waiter in unsafe waiters { unsafe waiter.resume() }
    }
  }

  // MARK: Settling

  private func settle(_ batch: Batch, _ report: WorkReport) async {
    var report = report
    log(report.applied)
    appliedSteps += report.applied.count
    if !report.applied.isEmpty {
      breaker.succeeded()
      probes = 0
    }
    watchForRefusals(&report)
    var parked: [ParkedKey] = []
    var settled: [String] = []
    for key in batch.keys {
      switch report.verdicts[key] {
      case .settled?, .withheld?: settled.append(key)
      case .parked(let problem, let attempts, let retryAfter)?:
        parked.append(ParkedKey(key: key, problem: problem, attempts: attempts, retryAfter: retryAfter))
      case .waits?, nil: break
      }
    }
    do throws(EngineError) {
      try await state.park(parked)
      try await state.unpark(settled)
      try await state.unhold(settled.filter { if case .settled? = report.verdicts[$0] { true } else { false } })
    } catch {
      for key in batch.keys { queue.putBack(key) }
      return trouble(error)
    }
    for entry in parked {
      logParked(entry)
      if let delay = entry.retryAfter { onParked?(.seconds(delay)) }
    }
    finish(batch, report)
    if let error = report.trouble { trouble(error) }
    onProgress?()
  }

  private func finish(_ batch: Batch, _ report: WorkReport) {
    for key in batch.keys {
      switch report.verdicts[key] {
      case .waits(let holder)?: queue.wait(key, for: holder)
      case nil: queue.putBack(key)
      case .settled?, .parked?, .withheld?:
        noticed[key] = nil
        gatekeeper.settled(key)
        queue.finish(key)
        for waiting in state.keysWaiting(for: key) { queue.add(waiting, .retry) }
      }
    }
    for name in report.freed {
      for key in state.keysWaiting(for: name) { queue.add(key, .retry) }
    }
  }

  /// Puts refusals back instead of parking them where they look like the directory's fault.
  private func watchForRefusals(_ report: inout WorkReport) {
    var opened: Problem?
    for (_, verdict) in report.verdicts {
      guard case .parked(let problem, _, let retry) = verdict, let code = problem.code else { continue }
      guard retry != nil || problem.reason == .access else { continue }
      if breaker.failed(code) { opened = problem }
    }
    guard breaker.isOpen else { return }
    for (key, verdict) in report.verdicts {
      if case .parked(let problem, _, let retry) = verdict, problem.code != nil,
        retry != nil || problem.reason == .access
      {
        report.verdicts[key] = nil
      }
    }
    if let opened {
      probes = 0
      logger.error("the directory refuses one key after another; trying single keys", metadata: ["error": "\(opened)"])
      onBreaker?(opened)
    }
  }

  private func trouble(_ error: EngineError) {
    guard worker != nil else { return }
    suspend()
    onTrouble?(error)
  }

  func decideGatherings() {
    for (gathering, epoch) in closed
    where queue.unplanned(in: gathering) == 0 && !deciding.contains(gathering) && worker != nil {
      deciding.insert(gathering)
      Reactor.task { await self.decide(gathering, epoch) }
    }
  }

  private func decide(_ gathering: Gathering, _ epoch: Epoch) async {
    defer {
      deciding.remove(gathering)
      pump()
      wake()
    }
    do throws(EngineError) {
      let decision = try await gatekeeper.decide(gathering)
      for key in decision.allowed { queue.add(key, .sweep, epoch: epoch) }
      closed[gathering] = nil
      queue.epochs.leave(epoch)
      if !decision.held.isEmpty {
        logger.error("removals held", metadata: ["count": "\(decision.held.count)"])
        onHeld?(decision.held)
      }
      onDecided?(gathering)
      onProgress?()
    } catch {
      trouble(error)
    }
  }

  // MARK: Log

  private func log(_ steps: [Step]) {
    guard logger.logLevel <= .info else { return }
    for step in steps {
      var metadata: Logger.Metadata = [
        "key": "\(step.key)", "dn": "\(step.newDN?.text ?? step.operation.dn.text)", "what": "\(step.what.rawValue)",
      ]
      if let start = noticed[step.key] {
        metadata["ms"] = "\((ContinuousClock.now - start).milliseconds)"
      }
      logger.info("applied", metadata: metadata)
    }
  }

  private func logParked(_ parked: ParkedKey) {
    logger.warning(
      "parked",
      metadata: [
        "key": "\(parked.key)", "reason": "\(parked.problem.reason.rawValue)", "message": "\(parked.problem.message)",
      ])
  }
}

extension Duration {
  /// Milliseconds with one decimal.
  var milliseconds: Double { (self / .milliseconds(1) * 10).rounded() / 10 }
}
