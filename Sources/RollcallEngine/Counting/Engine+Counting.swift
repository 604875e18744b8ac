internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Stores what was counted.
extension Engine {
  var counting: Counting { dispatcher.counting }

  /// Says which program counts, for metrics.
  package func count(as version: String) { counting.version = version }

  /// Counters are stored this often, and at the end of each minute.
  private static let storeEvery = 5_000_000
  private static let minute = 60_000_000

  /// Goes on counting where this process has counted last, and begins from 0 where another one has.
  func beginCounting() async throws(EngineError) {
    let record = try await ledger.counters()
    counting.hasCommitTimes = record.hasCommitTimes
    counting.managed = counting.managed ?? record.managed
    counting.comparisonTook = counting.comparisonTook ?? record.comparisonTook
    if record.process != counting.process || !counting.isClaimed {
      counting.begin()
      try await ledger.claimCounters(counting.process)
      counting.isClaimed = true
    }
    for lane in DirectoryLink.Lane.allCases { try link.lane(lane).counting = counting }
    let asked = ContinuousClock.now
    if let said = try await ledger.time() { noteTime(asked: asked, said) }
    await storeCounts()
  }

  private func noteTime(asked: ContinuousClock.Instant, _ said: Int) {
    counting.time.note(
      asked: Counting.microseconds(asked), said: said, answered: Counting.microseconds(.now))
  }

  /// Stores the counters now, and again in a while.
  func storeCounts() async {
    counting.timer?.cancel()
    counting.timer = nil
    counting.settleWaiting()
    await storeOnce()
    if counting.hasEnded { return }
    let wait = counting.databaseTime.map { Engine.minute - $0 % Engine.minute + 1000 } ?? Engine.storeEvery
    counting.timer = Reactor.loop.after(.microseconds(min(wait, Engine.storeEvery))) { [weak self] in
      Reactor.task { await self?.storeCounts() }
    }
  }

  func stopCounting() {
    counting.hasEnded = true
    counting.timer?.cancel()
    counting.timer = nil
    counting.isClaimed = false
  }

  /// Stores them where this process leads; what cannot be stored is stored with the next.
  func storeOnce() async {
    guard leader.isLeading, counting.isClaimed, let time = counting.databaseTime else { return }
    let current = time / Engine.minute
    do throws(EngineError) {
      // The rest of a minute that has ended.
      if let minute = counting.minute, minute != current { try await store(minute) }
      if counting.minute != current { counting.begin(minute: current) }
      try await store(current)
    } catch {
      events.emit(.failed(.notingTheState, "\(error)"))
    }
  }

  private func store(_ minute: Int) async throws(EngineError) {
    let asked = ContinuousClock.now
    let stored = try await ledger.store(
      counts: countsText, counting.process, minute: minute, counting.ofMinute)
    noteTime(asked: asked, stored.clock)
    if !stored.isOurs { counting.isClaimed = false }
  }

  /// Nil where everybody differs, or may, for a known reason: the mapping is another, or the directory is new.
  func driftInspection(_ stateReader: StateReader) -> DriftInspection? {
    guard removalGuard.comparison.holding == nil, state.meetings.phase == .complete else { return nil }
    return DriftInspection(stateReader: stateReader, link: link, meetings: state.meetings, counting: counting)
  }

  /// The counters and what else the daemon alone knows, as JSON. All names and texts are this program's own.
  private var countsText: String {
    var parts = counting.counters.stored.map { "\"\($0.name)\":\($0.value)" }
    func add(_ name: String, _ value: Int?) { if let value { parts.append("\"\(name)\":\(value)") } }
    add("managed", counting.managed)
    add("comparison.took", counting.comparisonTook)
    add("comparison.every", Int(configuration.reconcile.every / .seconds(1)))
    // Without work nobody looks at the log: then it tells itself.
    if dispatcher.isWorking { add("oldest", sweeper?.oldestUnsettled ?? counting.databaseTime) }
    for (priority, count) in dispatcher.queue.waiting { add("queue.\(priority.label)", count) }
    let policy = RemovalPolicy(configuration.removals)
    add("removals.most.millipercent", Int(policy.most * 1000))
    add("removals.least", policy.least)
    add("removals.within", Int(policy.within / .seconds(1)))
    parts.append("\"lag.from\":\"\(counting.hasCommitTimes ? "commit" : "trigger")\"")
    if let kind = stateReader?.facts.dialect.kind { parts.append("\"kind\":\"\(kind.rawValue)\"") }
    if let version = try? LedgerText.encode(counting.version) { parts.append("\"version\":\(version)") }
    return "{\(parts.joined(separator: ","))}"
  }
}
