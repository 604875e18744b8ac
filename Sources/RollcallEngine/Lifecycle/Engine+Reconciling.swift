internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// When everybody is compared.
@Reactor
struct ReconcileAgenda {
  /// Epochs that wait for a reconcile, and whether one is running.
  var wanted: [Epoch] = []
  var isReading = false
  /// The one that has been read and whose removals are not decided.
  var undecided: RemovalBatch?
  /// What was known of the triggers when that one began.
  var capture: String?
  /// How often the ledger had lost something when that one began.
  var losses = 0
  /// The transaction up to which it sees what was changed without being logged (``LogBound``).
  var silent: String?
  /// Whether the log wants one.
  var isOfTheLog = false
  /// Why everybody is compared, where the watermark did not hold.
  var why: String?
  /// Why the last one saw not everybody; nil after one that did.
  var incomplete: String?
  /// Failures in a row that no new connection cures.
  var failures = 0
  var notBefore: ContinuousClock.Instant?
  var timer: Timer?
  /// Whether one is begun when the last is old enough.
  var isPeriodic = false

  /// How soon a server that lacks something has everybody compared, and until when that waits.
  var pace = ComparisonPace()
  var paceTimer: Timer?

  func stop() {
    timer?.cancel()
    paceTimer?.cancel()
  }

  var isUnderWay: Bool { isReading || !wanted.isEmpty || undecided != nil }
}

extension Engine {
  /// Wants everybody compared; the epoch's count, already taken, is given back when that is done.
  ///
  /// - Parameter isOfTheLog: the log says that everyone has changed.
  func requestReconcile(_ epoch: Epoch, isOfTheLog: Bool = false) {
    reconciles.wanted.append(epoch)
    if isOfTheLog {
      reconciles.isOfTheLog = true
      removalGuard.comparison.isAwaited = true
    }
    runReconciles()
  }

  /// Wants everybody compared, for a reason of its own.
  package func requestReconcile() {
    let epoch = dispatcher.queue.epochs.current
    dispatcher.queue.epochs.enter(epoch)
    requestReconcile(epoch)
  }

  /// Sets the clock for the next one.
  ///
  /// - Parameter since: seconds since the last; nil where one is under way.
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
    removalGuard.comparison.isAwaited = false
    Reactor.task {
      let reader = BothSides(
        self.roster.on(self.sessions.bulk), stream: self.sessions.bulk, stateReader, self.link, groups: self.groups,
        meetings: self.state.meetings, meter: self.meter)
      reader.drift = self.driftInspection(stateReader)
      let reconciler = Reconciler(
        reader: reader, dispatcher: self.dispatcher, holding: self.removalGuard.comparison.holding,
        isOfTheLog: isOfTheLog)
      do throws(EngineError) {
        let started = ContinuousClock.now
        let capture = self.capture.signature
        let losses = self.state.meetings.losses
        let silent = try await self.bound.ended()
        let found = try await reconciler.run(epoch: epochs[0])
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
        // The epochs stay open: the watermark does not move until a reconcile has been completed.
        self.reconciles.wanted += epochs
        self.reconciles.isReading = false
        self.reconciles.isOfTheLog = self.reconciles.isOfTheLog || isOfTheLog
        self.removalGuard.comparison.isAwaited = self.reconciles.isOfTheLog
        // That a connection is gone has been told, and says nothing about the next one.
        let isGone = !self.link.isConnected || self.link.connections != connection
        if case .directory = error, isGone { self.runReconciles() } else { self.failed(error) }
      }
    }
  }

  /// Ends work when a side was lost; a directory that only does not show everybody goes on with single keys.
  func failed(_ error: EngineError) {
    guard case .directory(let failure) = error,
      ErrorClassifier.classify(code: failure.code, during: .search) == .search
    else { return trouble(error) }
    let reason =
      "the comparison is incomplete, so it removes nobody: \(failure); raise the size and time limits of "
      + "this account (OpenLDAP: limits dn.exact=\"…\" size=unlimited time=unlimited)"
    events.emit(.comparisonFailed(reason))
    reconciles.incomplete = reason
    // It may take days until it can be done, and people who leave one by one do not wait for that.
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

  /// Writes a completed reconcile down; the epochs that waited for it do so until then.
  func decided(_ removalBatch: RemovalBatch) async throws(EngineError) {
    guard removalBatch == reconciles.undecided else { return }
    try await dissolveUnnamed(state.meetings.heldGroups)
    let isRecorded = reconciles.losses == state.meetings.losses
    try await ledger.noteReconcile(capture: reconciles.capture, silent: reconciles.silent, isRecorded: isRecorded)
    bound.compared(reconciles.silent)
    reconciles.undecided = nil
    removalGuard.comparison.expect(nil)
    if isRecorded { state.meetings.complete() }
    reconciles.why = nil
    await servers.compared()
    onState?()
    planReconcile(since: 0)
    runReconciles()
  }

  /// The entries with a link; where there are more than `limit`, that many or a few more.
  ///
  /// - Parameters:
  ///   - limit: nil counts all.
  ///   - lane: not the one of the comparison: paged searches of one session wait for each other.
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
      // What the server shows of them is fewer than there are, which makes the budget smaller: one removal that waits
      // for a person is better than a directory in which nothing goes on.
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

  /// Few enough that something is seen before a search is cut off.
  private static let countedAtOnce = 100
}
