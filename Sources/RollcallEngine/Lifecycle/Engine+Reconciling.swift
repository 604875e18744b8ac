internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// Keeps track of full comparisons: those requested, the one in progress, and when the next is due.
@Reactor
struct ReconcileAgenda {
  /// Epochs that wait for a full comparison, and whether one is reading.
  var wanted: [Epoch] = []
  var isReading = false
  /// The batch of a comparison that has read everything but whose removals are undecided.
  var undecided: RemovalBatch?
  /// The digest of the triggers when that comparison began.
  var capture: String?
  /// The number of times the ledger had lost records when that comparison began.
  var losses = 0
  /// Transactions up to this one may have made unlogged changes, which that comparison includes (``LogBound``).
  var silent: String?
  /// Whether the clock had jumped when that comparison began, so that it holds every removal.
  var sawJump = false
  /// Whether the log requested one.
  var isOfTheLog = false
  /// Why everything is compared, if the watermark was not valid.
  var why: String?
  /// Why the last comparison did not see all entries; nil if it did.
  var incomplete: String?
  /// Consecutive failures that a new connection does not cure.
  var failures = 0
  var notBefore: ContinuousClock.Instant?
  var timer: Timer?
  /// Whether a comparison starts once the last one is old enough.
  var isPeriodic = false

  /// How soon a comparison starts after a server was found to lack writes, and the timer for it.
  var pace = ComparisonPace()
  var paceTimer: Timer?

  func stop() {
    timer?.cancel()
    paceTimer?.cancel()
  }

  var isUnderWay: Bool { isReading || !wanted.isEmpty || undecided != nil }
}

extension Engine {
  /// Requests a full comparison; the caller has entered the epoch, which is left when it is done.
  ///
  /// - Parameter isOfTheLog: whether the log says that all rows may have changed.
  func requestReconcile(_ epoch: Epoch, isOfTheLog: Bool = false) {
    reconciles.wanted.append(epoch)
    if isOfTheLog {
      reconciles.isOfTheLog = true
      removalGuard.comparison.isAwaited = true
    }
    runReconciles()
  }

  /// Requests a full comparison that nothing in the log asks for.
  package func requestReconcile() {
    // What the log has named before may be left to this comparison, and only the log tells a successor.
    requestReconcile(dispatcher.queue.epochs.hold())
  }

  /// Schedules the next regular comparison.
  ///
  /// - Parameter since: seconds since the last one; nil if none is to be scheduled.
  func planReconcile(since: Double?) {
    reconciles.timer?.cancel()
    reconciles.timer = nil
    guard reconciles.isPeriodic, let since else { return }
    let delay = max(.zero, configuration.reconcile.every - .seconds(since))
    reconciles.timer = Reactor.loop.after(delay) { [weak self] in
      guard let self else { return }
      if self.dispatcher.isWorking, !self.reconciles.isUnderWay { self.requestReconcile() }
    }
  }

  func runReconciles() {
    guard !reconciles.isReading, !reconciles.wanted.isEmpty, let stateReader, dispatcher.isWorking else { return }
    if let moment = reconciles.notBefore {
      let delay = moment - .now
      guard delay <= .zero else { return again(after: delay) }
      reconciles.notBefore = nil
    }
    reconciles.isReading = true
    stateReader.forgetUniques()
    servers.comparisonBegins()
    let connection = link.connections
    let epochs = reconciles.wanted
    let isOfTheLog = reconciles.isOfTheLog
    reconciles.wanted = []
    reconciles.isOfTheLog = false
    reconciles.sawJump = clockHasJumped
    removalGuard.comparison.isAwaited = false
    Reactor.task {
      let reader = BothSides(
        self.roster.on(self.sessions.bulk), stream: self.sessions.bulk, stateReader, self.link, groups: self.groups,
        meetings: self.state.meetings, meter: self.meter)
      reader.drift = self.driftInspection(stateReader)
      if !stateReader.rules.references.isEmpty { reader.references = ReferenceBook(self.ledger) }
      let reconciler = Reconciler(
        reader: reader, dispatcher: self.dispatcher, holding: self.removalGuard.comparison.holding,
        isOfTheLog: isOfTheLog)
      do throws(EngineError) {
        let started = ContinuousClock.now
        let capture = self.capture.signature
        let losses = self.state.meetings.losses
        let silent = try await self.bound.ended()
        try await self.state.passwords.forgetDoubtful()
        let found = try await reconciler.run(epoch: epochs[0])
        self.groupReferences?.lookAtAll()
        self.meter?.begin(.writing)
        for epoch in epochs.dropFirst() { self.dispatcher.queue.epochs.leave(epoch) }
        self.events.emit(.compared(entries: found.entries, in: .now - started))
        self.reconciles.undecided = found.removalBatch
        self.reconciles.capture = capture
        self.reconciles.losses = losses
        self.reconciles.silent = silent
        self.reconciles.isReading = false
        self.reconciles.failures = 0
        self.reconciles.incomplete = nil
        self.sessions.bulk.close()
        self.dispatcher.decideRemovalBatches()
      } catch {
        // The epochs stay open: the watermark does not advance until a comparison has completed.
        self.reconciles.wanted += epochs
        self.reconciles.isReading = false
        self.reconciles.isOfTheLog = self.reconciles.isOfTheLog || isOfTheLog
        self.removalGuard.comparison.isAwaited = self.reconciles.isOfTheLog
        // A lost connection has already been reported, and says nothing about the next one.
        let isGone = !self.link.isConnected || self.link.connections != connection
        if case .directory = error, isGone { self.runReconciles() } else { self.failed(error) }
      }
    }
  }

  /// Handles a failed comparison: stops work if a server was lost, but continues with single keys if the directory only
  /// limits the search.
  func failed(_ error: EngineError) {
    guard case .directory(let failure) = error,
      ErrorClassifier.classify(code: failure.code, during: .search) == .search
    else { return trouble(error) }
    let reason =
      "the comparison is incomplete, so it removes nobody: \(failure); raise the size and time limits of "
      + "this account (OpenLDAP: limits dn.exact=\"…\" size=unlimited time=unlimited)"
    events.emit(.comparisonFailed(reason))
    reconciles.incomplete = reason
    // The comparison may stay incomplete for days; people who leave one by one must not wait for that.
    for key in removalGuard.comparison.giveUp() { dispatcher.add(key, .notification) }
    dispatcher.pump()
    onState?()
    onIncomplete?(.refused(reason))
    reconciles.failures += 1
    let backoff = Backoff(base: .seconds(60), cap: .seconds(3600))
    let delay = backoff.delay(attempt: reconciles.failures, random: Double.random(in: 0..<1))
    reconciles.notBefore = .now + delay
    again(after: delay)
  }

  private func again(after delay: Duration) {
    reconciles.timer?.cancel()
    reconciles.timer = Reactor.loop.after(delay) { [weak self] in self?.runReconciles() }
  }

  /// Records a completed comparison; the epochs that wait for it stay open until then.
  func decided(_ removalBatch: RemovalBatch) async throws(EngineError) {
    guard removalBatch == reconciles.undecided else { return }
    try await dissolveUnnamed(state.meetings.heldGroups)
    let isRecorded = reconciles.losses == state.meetings.losses
    try await ledger.noteReconcile(capture: reconciles.capture, silent: reconciles.silent, isRecorded: isRecorded)
    bound.compared(reconciles.silent)
    reconciles.undecided = nil
    if reconciles.sawJump { clockHasJumped = false }
    removalGuard.comparison.expect(clockHasJumped ? .clockJumped : nil)
    if isRecorded { state.meetings.complete() }
    reconciles.why = nil
    await servers.compared()
    onState?()
    planReconcile(since: 0)
    runReconciles()
  }

  /// Counts the entries with a link, all of them or up to `limit` and a few more.
  ///
  /// - Parameters:
  ///   - limit: nil counts all of them.
  ///   - lane: not the comparison's, because paged searches on one session wait for each other.
  package func countManaged(
    upTo limit: Int?, _ stateReader: StateReader?, lane: DirectoryLink.Lane = .bulk
  ) async throws(EngineError) -> Int {
    struct Enough: Error {}
    guard let stateReader else { return 0 }
    var count = 0
    do {
      try await link.session(lane).search(
        base: stateReader.finder.base, scope: .subtree, filter: stateReader.finder.everyone, attributes: ["1.1"],
        pageSize: min(limit ?? .max, Engine.countedAtOnce)
      ) { entries in
        count += entries.count
        if let limit, count >= limit { throw Enough() }
      }
    } catch is Enough {
      return count
    } catch let error as LDAPError {
      // The server shows fewer entries than there are, which makes the budget smaller. One removal that waits for a
      // person is better than a directory in which all work has stopped.
      let isCut = error.code == .sizeLimitExceeded || error.code == .adminLimitExceeded
      if isCut, count > 0 { return count }
      throw .directory(error)
    } catch let error as EngineError {
      throw error
    } catch {
      throw .refused("\(error)")
    }
    return count
  }

  /// Small enough that some entries are seen before the server cuts the search off.
  private static let countedAtOnce = 100
  /// So many are counted ahead of bulk work.
  static let fewEntries = 5000
}
