internal import FoundationEssentials
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Counts what happens to a directory, for metrics: from events, and from the few places that are no events.
///
/// It only adds numbers up; ``Engine/storeCounts()`` stores them every few seconds.
@Reactor
final class Counting {
  /// Differences whose cause is remembered until they are written.
  private static let mostDrift = 50_000
  /// How long a notification may come after the log has told the same.
  private static let notificationDelay = 2_000_000
  private static let heardFor = 60_000_000

  private nonisolated static let began = ContinuousClock.now

  var counters = Counters()
  /// The program's, as metrics show it.
  var version = ""
  /// When the counters are stored next.
  var timer: Timer?
  /// Nothing is stored any more.
  var hasEnded = false
  /// Who counts; another one whenever it begins from 0.
  private(set) var process = UUID().uuidString
  /// Whether the ledger's row is this one's.
  var isClaimed = false
  var time = ServerTime()
  var notifications = NotificationCheck()
  private var heardWrites = HeardWrites()
  /// What a comparison has found to differ, and why, as far as it shows.
  private var differences: [RosterKey: Counters.DriftCause] = [:]
  /// Whether the log's times are those of commits.
  var hasCommitTimes = false
  /// Entries with a link; nil until somebody has counted them.
  var managed: Int?
  /// How long the last comparison took, in microseconds.
  var comparisonTook: Int?
  /// The minute that is being counted, since 1970, and what had been counted when it began.
  private(set) var minute: Int?
  private var minuteBegan = Counters.Totals()

  /// This side's clock in microseconds.
  nonisolated static func microseconds(_ time: ContinuousClock.Instant) -> Int {
    let since = began.duration(to: time).components
    return Int(since.seconds) * 1_000_000 + Int(since.attoseconds / 1_000_000_000_000)
  }

  /// The database's clock in microseconds since 1970, as well as it is known.
  var databaseTime: Int? { time.at(Counting.microseconds(.now)) }

  /// Begins from 0, after another process has counted.
  func begin() {
    counters = Counters()
    process = UUID().uuidString
    minuteBegan = Counters.Totals()
    minute = nil
  }

  // MARK: What has happened

  func note(_ event: Event) {
    switch event {
    case .applied(let step, _, _): note(step)
    case .compared(_, let time):
      comparisonTook = Int(time / .microseconds(1))
    default: break
    }
  }

  private func note(_ step: Step) {
    switch step.what {
    case .delete: counters.removals[.delete]? += 1
    case .disable: if step.journalDisable { counters.removals[.disable]? += 1 }
    case .leave: counters.removals[.leave]? += 1
    default: break
    }
  }

  /// Updates the number of entries, as soon as the directory has confirmed a step.
  func count(_ step: Step) {
    switch step.what {
    case .create, .adopt: managed = managed.map { $0 + 1 }
    case .delete: managed = managed.map { $0 - 1 }
    default: break
    }
  }

  /// Notes how a batch's keys have ended.
  ///
  /// - Parameters:
  ///   - time: when the directory has confirmed what was written.
  ///   - drift: keys of which the log knows no change.
  ///   - origin: where the work on a key comes from.
  func settled(
    _ batch: Batch, _ report: WorkReport, at time: ContinuousClock.Instant, drift: Set<RosterKey>,
    origin: (RosterKey) -> Origin?
  ) {
    let written = Counting.written(report)
    let confirmed = written.isEmpty ? nil : self.time.at(Counting.microseconds(time))
    for key in batch.keys {
      switch report.verdicts[key] {
      case .settled?:
        let isWritten = written.contains(key)
        counters.settled[isWritten ? .applied : .nothing]? += 1
        if isWritten, let confirmed { noteLag(origin(key), confirmed, batch.priority) }
        if drift.contains(key), let cause = differences[key] { counters.drift[cause]? += 1 }
      case .parked?: counters.settled[.parked]? += 1
      case .withheld?: counters.settled[.held]? += 1
      case .pinned?: counters.settled[.pinned]? += 1
      case .waits?, nil: continue
      }
      if !differences.isEmpty { differences[key] = nil }
    }
  }

  private static func written(_ report: WorkReport) -> Set<RosterKey> {
    report.applied.isEmpty ? [] : Set(report.applied.lazy.map(\.key))
  }

  private func noteLag(_ origin: Origin?, _ confirmed: Int, _ priority: Priority) {
    guard let origin else { return }
    if let changed = origin.changedAt {
      counters.note(lag: confirmed - Int(changed), priority)
    } else if origin.isHeard, let transaction = origin.transactions.first {
      heardWrites.confirmed(transaction, at: confirmed, priority)
    }
  }

  /// The log has told when a transaction was committed that a notification had named.
  func committed(_ transaction: UInt64, at time: Int64) {
    if heardWrites.isEmpty { return }
    heardWrites.committed(transaction, at: Int(time)) { counters.note(lag: $0, $1) }
  }

  /// The log has told a change that no notification had named until now.
  func logged(_ transaction: UInt64) { notifications.logged(transaction, now: Counting.microseconds(.now)) }

  // MARK: Drift

  /// Notes why a comparison finds that a key differs.
  func differs(_ key: RosterKey, _ cause: Counters.DriftCause) {
    if differences.count < Counting.mostDrift { differences[key] = cause }
  }

  /// The keys that were written because a comparison has found them, as far as this side knows.
  func suspects(_ batch: Batch, _ report: WorkReport, origin: (RosterKey) -> Origin?) -> [RosterKey] {
    guard batch.priority == .reconcile, !differences.isEmpty, !report.applied.isEmpty else { return [] }
    return Counting.written(report).filter { differences[$0] != nil && origin($0)?.transactions.isEmpty != false }
  }

  // MARK: Storing

  /// Moves on to another minute.
  func begin(minute: Int) {
    self.minute = minute
    minuteBegan = counters.totals
  }

  /// What the minute's row has.
  var ofMinute: Counters.Totals { counters.totals.since(minuteBegan) }

  /// Notes what time has decided.
  func settleWaiting() {
    let now = Counting.microseconds(.now)
    counters.missedNotifications += notifications.takeMissed(before: now - Counting.notificationDelay)
    if let time = time.at(now) { heardWrites.forget(before: time - Counting.heardFor) }
  }
}
