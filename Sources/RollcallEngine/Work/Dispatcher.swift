internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallCore
internal import RollcallLedger

/// Keeps the queue moving: takes batches to the worker, settles what came of them, moves the watermark.
@Reactor @safe
package final class Dispatcher {
  private static let fastBatch = 32
  // Enough to fill the window while others read, and no more: a key in flight waits for its pass when HR changes it,
  // and a pass works through its batch without a pause.
  private static let bulkBatch = 64
  private static let fastPasses = 2
  private static let bulkPasses = 4
  /// Passes whose writes are done and that wait for the ledger.
  private static let mostSettling = 8
  /// Above this backlog, long windows and reconciles wait before they hand in more keys.
  private static let highWater = 20_000

  var queue = WorkQueue()
  let state: LedgerState
  let removalGuard: RemovalGuard
  let events: Events
  /// Whether bulk work is under way, since it had many keys.
  var isWorkingOff = false
  private(set) var worker: Worker?
  private var hasEnded = false
  /// The passes that are under way.
  private(set) var passes: Set<Int> = []
  private var lastPass = 0
  private var fastRunning = 0
  private var bulkRunning = 0
  var breaker = Breaker()
  private var probeTimer: Timer?
  var probes = 0
  private var settling = 0
  var connectionKillers = ConnectionKillers()
  /// When a key was heard of, for the log.
  var noticed: [RosterKey: ContinuousClock.Instant] = [:]
  /// The source's transactions that are known of keys that wait, or of whose removal nobody has decided; and of those in
  /// flight.
  var origins: [RosterKey: Origin] = [:]
  var originsInFlight: [RosterKey: Origin] = [:]
  /// Removal batches that are read to the end, with the epoch that waits for their decision.
  private var closed: [RemovalBatch: Epoch] = [:]
  private var deciding: Set<RemovalBatch> = []
  private var roomWaiters: [UnsafeContinuation<Void, Never>] = unsafe []

  /// What may still happen at the directory although nobody waits for it.
  weak var unknown: UnknownOutcomes?
  /// What servers other than this one may not have.
  weak var servers: ServerWatch?
  /// Called when one of the sides fails; work has stopped until ``resume(_:)``.
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Called when more of the log may have settled.
  var onProgress: (@Reactor () -> Void)?
  /// Whether bulk work is to leave the machine to writers.
  var givesWay: @Reactor () -> Bool = { false }
  /// Called with the refusal that opens the breaker, and with nil when it closes.
  package var onBreaker: (@Reactor (Problem?) -> Void)?
  /// Called when a key is to be tried again after a while.
  var onParked: (@Reactor (Duration) -> Void)?
  /// Called when a removal batch's removals are decided; its epoch waits until this returns.
  var onDecided: (@Reactor (RemovalBatch) async throws(EngineError) -> Void)?

  /// Steps confirmed by the directory since the start.
  package var appliedSteps = 0

  init(_ state: LedgerState, _ removalGuard: RemovalGuard, _ events: Events) {
    self.state = state
    self.removalGuard = removalGuard
    self.events = events
    removalGuard.dispatcher = self
  }

  // MARK: Coming in

  /// - Parameter origin: the transactions of the source that this follows from, where they are known.
  func add(
    _ key: RosterKey, _ priority: Priority, epoch: Epoch? = nil, removalBatch: RemovalBatch? = nil,
    origin: Origin? = nil
  ) {
    if let origin { origins[key, default: Origin()].merge(origin) }
    if priority == .notification, noticed[key] == nil { noticed[key] = .now }
    servers?.noticed(key)
    queue.add(key, priority, epoch: epoch, removalBatch: removalBatch)
  }

  /// Hands in keys that something else than the log has brought; removals among them are decided together.
  ///
  /// - Parameter epoch: which must not settle before; nil is the current one.
  /// - Returns: the batch in which removals are decided; nil for one key alone.
  @discardableResult
  func addTogether(
    _ keys: some Collection<RosterKey>, _ priority: Priority, epoch: Epoch? = nil
  ) -> RemovalBatch? {
    guard keys.count > 1 else {
      for key in keys { add(key, priority, epoch: epoch) }
      return nil
    }
    let epoch = epoch ?? queue.epochs.current
    queue.epochs.enter(epoch)
    // While a first comparison is under way nobody else takes anything away either: groups that it meets are looked at
    // beside it.
    let removalBatch = removalGuard.begin(holding: removalGuard.comparison.holding)
    for key in keys { add(key, priority, epoch: epoch, removalBatch: removalBatch) }
    close(removalBatch, epoch: epoch)
    return removalBatch
  }

  /// Whether a batch that is closed is still to be decided.
  func isOpen(_ removalBatch: RemovalBatch) -> Bool { closed[removalBatch] != nil }

  /// Waits while work is stopped or the queue has no room for another page of keys; false when it has ended for good.
  func room() async -> Bool {
    while !hasEnded, worker == nil || queue.backlog > Dispatcher.highWater {
      pump()
      unsafe await withUnsafeContinuation { unsafe roomWaiters.append($0) }
    }
    return !hasEnded
  }

  /// Whether the queue has room for another page of keys.
  var hasRoom: Bool { queue.backlog <= Dispatcher.highWater }

  var isWorking: Bool { worker != nil }
  var passesRunning: Int { fastRunning + bulkRunning + settling }

  /// Says that a removal batch's keys have all been handed in; the epoch waits for the decision.
  func close(_ removalBatch: RemovalBatch, epoch: Epoch) {
    closed[removalBatch] = epoch
    decideRemovalBatches()
  }

  // MARK: Working

  func resume(_ worker: Worker) {
    self.worker = worker
    closeBreaker()
    decideRemovalBatches()
    pump()
    wake()
  }

  package func suspend() { worker = nil }

  /// Stops for good: whoever waits for room is told.
  func end() {
    suspend()
    hasEnded = true
    probeTimer?.cancel()
    wake()
  }

  func pump() {
    guard let worker else { return }
    if breaker.isOpen { return probe(worker) }
    if !connectionKillers.queue.isEmpty, !connectionKillers.isOthersTurn {
      guard passesRunning == 0 else { return }
      connectionKillers.isOthersTurn = true
      fastRunning += 1
      return start(Batch(keys: [connectionKillers.queue.removeFirst()], priority: .retry), worker, .fast, isAlone: true)
    }
    connectionKillers.isOthersTurn = false
    while fastRunning < Dispatcher.fastPasses, settling < Dispatcher.mostSettling,
      let batch = queue.take(Dispatcher.fastBatch, within: .notification ... .retry).map(withoutConnectionKillers)
    {
      if batch.keys.isEmpty { continue }
      fastRunning += 1
      start(batch, worker, .fast)
    }
    let (passes, size) =
      givesWay() ? (1, WriterThrottle.batch) : (Dispatcher.bulkPasses, Dispatcher.bulkBatch)
    while bulkRunning < passes, settling < Dispatcher.mostSettling,
      let batch = queue.take(size, within: .sweep ... .reconcile).map(withoutConnectionKillers)
    {
      if batch.keys.isEmpty { continue }
      bulkRunning += 1
      start(batch, worker, .bulk)
    }
    // With nobody else there it is their turn again.
    if passesRunning == 0, !connectionKillers.queue.isEmpty { pump() }
  }

  /// One key at a time while the breaker is open, with growing pauses unless something urgent comes.
  private func probe(_ worker: Worker) {
    guard passesRunning == 0 else { return }
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

  private func start(_ batch: Batch, _ worker: Worker, _ lane: DirectoryLink.Lane, isAlone: Bool = false) {
    let began = ContinuousClock.now
    lastPass += 1
    let pass = lastPass
    passes.insert(pass)
    for key in batch.keys { originsInFlight[key] = origins.removeValue(forKey: key) }
    Reactor.task {
      let report = await worker.work(
        batch.keys, lane, origin: { self.origin(of: $0, batch.priority) },
        hasAwaited: { self.queue.hasAwaited($0, $1) })
      self.passes.remove(pass)
      // What was heard of meanwhile may have been read already.
      for step in report.applied {
        if let later = self.origins[step.key] { self.originsInFlight[step.key, default: Origin()].merge(later) }
      }
      let givesWay = lane == .bulk && self.givesWay()
      // The next pass does not wait for the disk of the ledger.
      self.settling += 1
      if !givesWay {
        self.end(lane)
        self.pump()
      }
      await self.settle(batch, report, worker, isAlone: isAlone)
      self.settling -= 1
      if givesWay {
        try? await Reactor.sleep(for: WriterThrottle.rest(after: .now - began))
        self.end(lane)
      }
      self.decideRemovalBatches()
      self.pump()
      self.wake()
    }
  }

  /// Where the work on a key in flight comes from, and what has brought it.
  func origin(of key: RosterKey, _ priority: Priority) -> (Origin, JournalCause) {
    let origin = originsInFlight[key] ?? Origin()
    return (origin, JournalCause(priority, origin))
  }

  private func end(_ lane: DirectoryLink.Lane) {
    if lane == .fast { fastRunning -= 1 } else { bulkRunning -= 1 }
  }

  private func wake() {
    guard hasEnded || worker != nil && queue.backlog <= Dispatcher.highWater else { return }
    // Resuming only enqueues a job, so nobody is added meanwhile.
    while let waiter = unsafe roomWaiters.popLast() { unsafe waiter.resume() }
  }

  func trouble(_ error: EngineError) {
    guard worker != nil else { return }
    suspend()
    onTrouble?(error)
  }

  // MARK: Gatherings

  func decideRemovalBatches() {
    for (removalBatch, epoch) in closed
    where queue.removalBatches.unplanned(in: removalBatch) == 0 && !deciding.contains(removalBatch) && worker != nil {
      deciding.insert(removalBatch)
      Reactor.task { await self.decide(removalBatch, epoch) }
    }
  }

  private func decide(_ removalBatch: RemovalBatch, _ epoch: Epoch) async {
    defer {
      deciding.remove(removalBatch)
      pump()
      wake()
    }
    do throws(EngineError) {
      try await removalGuard.decide(removalBatch, epoch: epoch)
      try await onDecided?(removalBatch)
      closed[removalBatch] = nil
      queue.epochs.leave(epoch)
      onProgress?()
    } catch {
      trouble(error)
    }
  }
}

extension Duration {
  /// Milliseconds with one decimal.
  package var milliseconds: Double { (self / .milliseconds(1) * 10).rounded() / 10 }
}
