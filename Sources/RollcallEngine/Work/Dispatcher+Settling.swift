internal import LDAP
internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

extension Dispatcher {
  /// Records the results of a batch's keys, and only then lets them settle.
  ///
  /// - Parameter isAlone: whether nothing else was in flight meanwhile.
  func settle(_ batch: Batch, _ report: WorkReport, _ worker: Worker, isAlone: Bool) async {
    var report = report
    let confirmed = ContinuousClock.now
    let schema = worker.stateReader.facts.schema
    tell(report.applied, batch.priority)
    appliedSteps += report.applied.count
    watchForConnectionKillers(batch, &report, isAlone: isAlone)
    if case .directory(let error)? = report.trouble, UnknownOutcomes.isUnknown(error.code) {
      let open = batch.keys.filter { report.verdicts[$0] == nil }
      unknown?.note(report.unknown.filter { report.verdicts[$0.key] == nil }, open, schema)
    }
    unknown?.noteApplied(report.applied, schema)
    servers?.note(report, batch.keys)
    if !report.applied.isEmpty { closeBreaker() }
    let refused = watchForRefusals(&report)
    var parked: [ParkedKey] = []
    var settled: [RosterKey] = []
    var fulfilled: [RosterKey] = []
    var drift: Set<RosterKey> = []
    let isLetIn = report.applied.contains { state.denied.contains($0.key) }
    for key in batch.keys {
      switch report.verdicts[key] {
      case .settled?:
        settled.append(key)
        fulfilled.append(key)
      case .pinned?: settled.append(key)
      // Until a batch has decided, nothing else may record that something is left to do: the log may be past it.
      case .withheld?: if state.held(key) != nil { settled.append(key) }
      case .parked(let problem, let attempts, let retryAfter)?:
        parked.append(ParkedKey(key: key, problem: problem, attempts: attempts, retryAfter: retryAfter))
      case .waits?, nil: break
      }
    }
    let news = parked.filter { state.isNews($0) }
    let rows = worker.recorder?.rows(of: report, parked: news) { self.origin(of: $0, batch.priority) } ?? []
    do throws(EngineError) {
      // The journal comes first: rows that cannot be written now wait there for the next session.
      try await worker.recorder?.journal.write(rows)
      try await state.park(parked)
      try await state.unpark(settled)
      try await state.unhold(fulfilled)
      try await state.unhold(fulfilled.filter { !report.keepGroups.contains($0) }, .memberships)
      try await state.meetings.unhold(fulfilled)
      drift = try await findDrift(batch, report)
    } catch {
      for key in batch.keys {
        keepOrigin(of: key)
        queue.putBack(key)
      }
      return trouble(error)
    }
    let told = Set(news.map(\.key))
    for entry in parked {
      events.emit(.parked(entry.key, entry.problem, isNews: told.contains(entry.key)))
      if let delay = entry.retryAfter { onParked?(.seconds(delay)) }
    }
    counting.settled(batch, report, at: confirmed, drift: drift) { originsInFlight[$0] }
    groupReferences?.worked(on: batch.keys, report.applied) { origin(of: $0, batch.priority) }
    finish(batch, report, refused)
    if queue.backlog == 0 { isWorkingOff = false }
    events.emit(.batchEnded(waiting: queue.backlog))
    // The account may write again: all denied keys are retried at once, not each at its own time.
    if isLetIn { addTogether(state.denied.filter { !queue.contains($0) }, .retry) }
    if let error = report.trouble { trouble(error) }
    onProgress?()
  }

  /// The keys that were written because a comparison has found them and no change was logged.
  private func findDrift(_ batch: Batch, _ report: WorkReport) async throws(EngineError) -> Set<RosterKey> {
    let suspects = counting.suspects(batch, report) { originsInFlight[$0] }
    if suspects.isEmpty { return [] }
    return Set(suspects).subtracting(try await state.ledger.unsettled(among: suspects, sources: sources()))
  }

  /// Notes when a change was committed of which only a notification was heard so far.
  func learn(_ transaction: UInt64, of key: RosterKey, at time: Int64) {
    if origins[key]?.transactions.contains(transaction) == true {
      origins[key]?.merge(Origin(transaction, at: time))
    } else if originsInFlight[key]?.transactions.contains(transaction) == true {
      originsInFlight[key]?.merge(Origin(transaction, at: time))
    } else {
      counting.committed(transaction, at: time)
    }
  }

  private func finish(_ batch: Batch, _ report: WorkReport, _ refused: Set<RosterKey>) {
    follow(report, batch.priority)
    for key in batch.keys {
      switch report.verdicts[key] {
      case .waits(let holder)?:
        keepOrigin(of: key)
        queue.wait(key, for: holder)
      case nil:
        keepOrigin(of: key)
        // A refused key waits behind the others; otherwise it would be retried at once.
        queue.putBack(key, demoted: refused.contains(key) ? .reconcile : nil)
      case .settled?, .parked?, .withheld?, .pinned?:
        if case .settled? = report.verdicts[key] { originsInFlight[key] = nil } else { keepOrigin(of: key) }
        noticed[key] = nil
        // A key that was parked because of a lost connection stays a suspect.
        if report.trouble == nil { connectionKillers.clear(key) }
        removalGuard.settled(key)
        queue.finish(key, staying: isStaying(key, report))
      }
      if case .settled? = report.verdicts[key], report.lookAgain.contains(key) { add(key, .due) }
      // Not for a parked key: two that wait for each other would wake each other forever.
      guard case .settled? = report.verdicts[key] else { continue }
      addTogether(state.keysWaiting(for: key.text), .retry)
    }
    for name in report.freed { addTogether(state.keysWaiting(for: name), .retry) }
  }

  /// Queues those who refer to people whose entries have other DNs by now; these do not settle before they are done.
  private func follow(_ report: WorkReport, _ priority: Priority) {
    if report.referrers.isEmpty { return }
    for (key, target) in report.referrers {
      if let origin = originsInFlight[target] { origins[key, default: Origin()].merge(origin) }
    }
    let isFew = report.referrers.count <= Dispatcher.fastBatch && priority < .sweep
    addTogether(report.referrers.map(\.key), isFew ? .retry : .sweep, epoch: queue.epochs.oldest)
    if report.hasMoreReferrers { onReferrers?() }
  }

  /// Keeps the origin for later work on this key.
  private func keepOrigin(of key: RosterKey) {
    guard let origin = originsInFlight.removeValue(forKey: key) else { return }
    origins[key, default: Origin()].merge(origin)
  }

  /// Whether a key needs no removal, so that no batch has to decide on it.
  private func isStaying(_ key: RosterKey, _ report: WorkReport) -> Bool {
    switch report.verdicts[key] {
    case .settled?: !report.keepGroups.contains(key)
    case .pinned?: true
    case .parked?, .withheld?, .waits?, nil: false
    }
  }

  // MARK: Refusals

  /// Puts refused keys back instead of parking them if the directory seems to be at fault; returns their keys.
  private func watchForRefusals(_ report: inout WorkReport) -> Set<RosterKey> {
    var putBack: Set<RosterKey> = []
    for (key, verdict) in report.verdicts {
      guard case .parked(let problem, _, let retry) = verdict, let code = problem.code, code > 0 else { continue }
      // The server has been found to take writes.
      if code == ResultCode.referral.rawValue { continue }
      // A name or a value that another entry has is not a fault of the directory.
      guard retry != nil || problem.reason == .access, problem.reason != .nameTaken else { continue }
      switch breaker.refused(key, code) {
      case .park: continue
      case .isOpen: break
      case .opens:
        probes = 0
        events.emit(.breakerOpened(problem))
        onBreaker?(problem)
      }
      report.verdicts[key] = nil
      putBack.insert(key)
    }
    return putBack
  }

  /// The directory accepts an operation, or is a new one: the refusals in a row no longer count.
  func closeBreaker() {
    let wasOpen = breaker.isOpen
    addTogether(breaker.succeeded(), .retry)
    probes = 0
    if wasOpen {
      events.emit(.breakerClosed)
      onBreaker?(nil)
    }
  }

  // MARK: Logging

  /// The number of waiting keys from which single steps count as bulk work.
  private static let many = 1000

  private func tell(_ steps: [Step], _ priority: Priority) {
    let isBulk = priority >= .sweep && (queue.backlog > Dispatcher.many || isWorkingOff)
    if isBulk { isWorkingOff = true }
    for step in steps {
      events.emit(.applied(step, after: noticed[step.key].map { .now - $0 }, isBulk: isBulk))
    }
  }
}
