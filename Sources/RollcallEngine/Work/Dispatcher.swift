internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallCore
internal import RollcallLedger

/// Drives the queue: passes batches to the worker, settles their results, advances the watermark.
@Reactor @safe
package final class Dispatcher {
  static let fastBatch = 32
  // Enough to fill the window while other passes read, and no more: a key in flight waits for its pass when HR
  // changes it, and a pass works through its batch without a pause.
  static let bulkBatch = 64
  private static let fastPasses = 2
  private static let bulkPasses = 4
  /// Passes that have written and wait for the ledger.
  private static let mostSettling = 8
  /// Above this backlog, long windows and reconciles wait before they queue more keys.
  private static let highWater = 20_000

  var queue = WorkQueue()
  let counting = Counting()
  let state: LedgerState
  let removalGuard: RemovalGuard
  let events: Events
  /// Whether bulk work is in progress, because there were many keys.
  var isWorkingOff = false
  private(set) var worker: Worker?
  private var hasEnded = false
  /// The passes in progress.
  private(set) var passes: Set<Int> = []
  private var lastPass = 0
  private var fastRunning = 0
  private var bulkRunning = 0
  var breaker = Breaker()
  private var probeTimer: Timer?
  var probes = 0
  private var settling = 0
  var connectionKillers = ConnectionKillers()
  /// When the notification of a key arrived, for the log.
  var noticed: [RosterKey: ContinuousClock.Instant] = [:]
  /// The known transactions of the source for keys that wait or whose removal is undecided; and for those in flight.
  var origins: [RosterKey: Origin] = [:]
  var originsInFlight: [RosterKey: Origin] = [:]
  /// Removal batches that have been read completely, with the epoch that waits for their decision.
  var closed: [RemovalBatch: Epoch] = [:]
  /// How many of those that add keys to a removal batch together have not ended yet.
  var fillers: [RemovalBatch: Int] = [:]
  var deciding: Set<RemovalBatch> = []
  private var roomWaiters: [UnsafeContinuation<Void, Never>] = unsafe []

  /// Operations that may still be carried out although their answers are lost.
  weak var unknown: UnknownOutcomes?
  /// Tracks what other servers may lack.
  weak var servers: ServerWatch?
  /// Keeps the attributes of groups that have the DNs of people; nil if none are configured.
  weak var groupReferences: GroupReferences?
  /// Called when one of the sides fails; work has stopped until ``resume(_:)``.
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Called when more of the log may have settled.
  var onProgress: (@Reactor () -> Void)?
  /// Whether bulk work should yield to writers.
  var givesWay: @Reactor () -> Bool = { false }
  /// Waits after a pass of bulk work that has yielded and took so long.
  var rest: @Reactor (Duration) async -> Void = { try? await Reactor.sleep(for: WriterThrottle.rest(after: $0)) }
  /// Called when a pass has ended and no other runs.
  var onPause: (@Reactor () -> Void)?
  /// Called with the refusal that opens the breaker, and with nil when the breaker closes.
  package var onBreaker: (@Reactor (Problem?) -> Void)?
  /// Called when a key is to be retried after a while.
  var onParked: (@Reactor (Duration) -> Void)?
  /// A condition on the column `source` of the log: the keys name people.
  var sources: @Reactor () -> String = { "true" }
  /// Called when a removal batch's removals are decided; its epoch waits until this returns.
  var onDecided: (@Reactor (RemovalBatch) async throws(EngineError) -> Void)?

  /// Called when more people are to be looked at, because they refer to others, than are queued at once.
  var onReferrers: (@Reactor () -> Void)?

  /// Steps confirmed by the directory since the start.
  package var appliedSteps = 0

  init(_ state: LedgerState, _ removalGuard: RemovalGuard, _ events: Events) {
    self.state = state
    self.removalGuard = removalGuard
    self.events = events
    removalGuard.dispatcher = self
  }

  // MARK: Input

  /// - Parameter origin: the transactions of the source that caused this, if they are known.
  func add(
    _ key: RosterKey, _ priority: Priority, epoch: Epoch? = nil, removalBatch: RemovalBatch? = nil,
    isPlain: Bool = false, isLeaver: Bool = false, origin: Origin? = nil
  ) {
    if let origin { origins[key, default: Origin()].merge(origin) }
    if priority <= .notification, noticed[key] == nil { noticed[key] = .now }
    servers?.noticed(key)
    queue.add(key, priority, epoch: epoch, removalBatch: removalBatch, isPlain: isPlain, isLeaver: isLeaver)
  }

  /// Queues keys that did not come from the log; their removals are decided together.
  ///
  /// - Parameter epoch: the epoch that must not settle before; nil is the current one.
  /// - Returns: the batch that decides on removals; nil for a single key.
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
    // During a first comparison nothing else may be removed either: groups that it finds are looked at concurrently.
    let removalBatch = removalGuard.begin(holding: removalGuard.comparison.holding)
    for key in keys { add(key, priority, epoch: epoch, removalBatch: removalBatch) }
    close(removalBatch, epoch: epoch)
    return removalBatch
  }

  /// Waits while work is stopped or the queue has no room for another page of keys; false if the engine has ended.
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

  // MARK: Working

  func resume(_ worker: Worker) {
    self.worker = worker
    closeBreaker()
    decideRemovalBatches()
    pump()
    wake()
  }

  package func suspend() { worker = nil }

  /// Stops permanently, and resumes callers that wait for room.
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
    // Leavers have a pass in reserve.
    while fastRunning <= Dispatcher.fastPasses,
      let batch = queue.take(Dispatcher.fastBatch, within: .leaver ... .leaver).map(withoutConnectionKillers)
    {
      if batch.keys.isEmpty { continue }
      fastRunning += 1
      start(batch, worker, .fast)
    }
    while fastRunning < Dispatcher.fastPasses, settling < Dispatcher.mostSettling,
      let batch = queue.take(Dispatcher.fastBatch, within: .leaver ... .retry).map(withoutConnectionKillers)
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
    // If no other keys are left, it is their turn again.
    if passesRunning == 0, !connectionKillers.queue.isEmpty { pump() }
  }

  /// Tries one key at a time while the breaker is open, with growing pauses unless an urgent key arrives.
  private func probe(_ worker: Worker) {
    guard passesRunning == 0 else { return }
    let urgent = queue.hasWork(.leaver ... .notification)
    if probeTimer != nil, !urgent { return }
    probeTimer?.cancel()
    let backoff = Backoff(base: .seconds(1), cap: .seconds(30))
    probes += 1
    probeTimer = Reactor.loop.after(backoff.delay(attempt: probes, random: Double.random(in: 0..<1))) {
      self.probeTimer = nil
      self.pump()
    }
    guard let batch = queue.take(1, within: .leaver ... .reconcile) else { return }
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
      // What a single change asks of the ledger does not wait for the records of bulk work.
      let report = await StatementPriority.$isUrgent.withValue(lane == .fast) {
        await worker.work(
          batch.keys, lane, origin: { self.origin(of: $0, batch.priority) },
          hasAwaited: { self.queue.hasAwaited($0, $1) })
      }
      self.passes.remove(pass)
      // Changes reported meanwhile may already have been read.
      for step in report.applied {
        if let later = self.origins[step.key] { self.originsInFlight[step.key, default: Origin()].merge(later) }
      }
      let givesWay = lane == .bulk && self.givesWay()
      // The next pass does not wait for the ledger's disk writes.
      self.settling += 1
      if !givesWay {
        self.end(lane)
        self.pump()
      }
      await self.settle(batch, report, worker, isAlone: isAlone)
      self.settling -= 1
      if givesWay {
        await self.rest(.now - began)
        self.end(lane)
      }
      self.decideRemovalBatches()
      self.pump()
      self.wake()
      if self.passesRunning == 0 { self.onPause?() }
    }
  }

  /// The origin and the cause of the work on a key in flight.
  func origin(of key: RosterKey, _ priority: Priority) -> (Origin, JournalCause) {
    let origin = originsInFlight[key] ?? Origin()
    return (origin, JournalCause(priority, origin))
  }

  private func end(_ lane: DirectoryLink.Lane) {
    if lane == .fast { fastRunning -= 1 } else { bulkRunning -= 1 }
  }

  func wake() {
    guard hasEnded || worker != nil && queue.backlog <= Dispatcher.highWater else { return }
    // Resuming only enqueues a job, so no waiter is added meanwhile.
    while let waiter = unsafe roomWaiters.popLast() { unsafe waiter.resume() }
  }

  func trouble(_ error: EngineError) {
    guard worker != nil else { return }
    // Before it is suspended, which tells the first error of a loss from those that follow.
    onTrouble?(error)
    suspend()
  }
}

extension Duration {
  /// Milliseconds with one decimal.
  package var milliseconds: Double { (self / .milliseconds(1) * 10).rounded() / 10 }
}
