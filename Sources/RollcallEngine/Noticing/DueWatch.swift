internal import DequeModule
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Looks at rows when one of their dates passes: a contract begins or ends although nobody writes the row. And at the
/// entries of leavers when the time of their deletion has come. It reads the clock by which they do also where nothing
/// has a date: the budget of removals counts by it.
///
/// It sleeps until the next date, a minute at most. Rows that were written meanwhile may have an earlier one, so it looks
/// again soon after keys have been worked on. All rows of one look are a batch, whose removals are decided together. The
/// instant up to which everything has settled is stored: dates that pass while no daemon runs are found by the next one.
@Reactor
final class DueWatch {
  private static let longest: Duration = .seconds(60)
  /// How soon it looks again after keys have been worked on, in durations of a look and at the soonest.
  private static let pause = (share: 20.0, least: Duration.seconds(1))
  /// How long one look may take: without an index it reads the whole table.
  private static let limit: Duration = .seconds(50)
  /// How often everybody is compared while the dates of some row cannot be read.
  private static let comparison: Duration = .seconds(3600)

  private let roster: RosterQuery
  private let session: Database
  private let ledger: Ledger
  private let dispatcher: Dispatcher
  private let events: Events
  private var known: DueQuery?
  let clock: ClockWatch
  /// Whether it has jumped back, so that leavers whose time had come are not due any more.
  private var isBack = false
  /// The instant up to which rows have been looked at, in PostgreSQL's text form; nil before the first look.
  private var position: String?
  /// Looks whose keys have not settled: the epoch, and the instant up to which they looked.
  private var open = Deque<(epoch: Epoch, upTo: String)>()
  private var unstored: String?
  /// Whether rows of a look have settled since the last one was stored.
  private var hasSettled = false
  private var isStoring = false
  private var lastStore = ContinuousClock.now - DueWatch.longest
  private var timer: Timer?
  /// When it looks next.
  private(set) var wakesAt = ContinuousClock.now
  private var mayLookAt = ContinuousClock.now
  private var isLooking = false
  private var mustLookAgain = false
  private var failures = 0
  private var lastComparison: ContinuousClock.Instant?
  private var hasStopped = false
  /// Called when the database's clock has jumped by so many seconds: no removal is then decided by the budget alone.
  var onJump: (@Reactor (Double) -> Void)?
  /// Called with the reason why dates cannot be read, and with nil when they can again.
  var onProblem: (@Reactor (String?) -> Void)?
  /// Called when only a comparison of everybody finds out whose dates have passed.
  var onEveryone: (@Reactor () -> Void)?

  init(_ roster: RosterQuery, _ session: Database, _ ledger: Ledger, _ dispatcher: Dispatcher, _ events: Events) {
    self.roster = roster
    self.session = session
    self.ledger = ledger
    self.dispatcher = dispatcher
    self.events = events
    clock = ClockWatch(ledger)
    clock.onJump = { [weak self] now, seconds in self?.jumped(now, seconds) }
  }

  /// Whether anything happens at its time.
  var isActive: Bool { !roster.due.isEmpty || leavers.wait != nil }
  private var leavers: LeaverBook { dispatcher.state.leavers }

  /// Starts at the stored instant, or now if everybody is compared anyway, and looks.
  ///
  /// - Parameter unseen: for how many seconds nobody has looked at the log, by the database's clock.
  func begin(from stored: String?, comparesAnyway: Bool, unseen: Double?) async throws(EngineError) {
    if !clock.hasBegun || isActive && position == nil || comparesAnyway {
      var looked: Double?
      if isActive, let stored { looked = try await ledger.seconds(of: stored) }
      let (now, jump) = try await clock.begin(looked: looked, unseen: unseen)
      if isActive {
        open = []
        unstored = nil
        // Where the clock was put back, what has passed will pass again.
        let isBack = looked.map { $0 > now.seconds } ?? false
        position = comparesAnyway || isBack ? now.text : stored ?? now.text
        if let jump { onJump?(jump) }
        if comparesAnyway || stored == nil { try await ledger.store(dueAt: now.text) }
      }
    }
    // By what is stored, or by another configuration; what is held stays so.
    if isActive { dispatcher.addTogether(leavers.due, .due) }
    await look()
  }

  func stop() {
    hasStopped = true
    timer?.cancel()
    timer = nil
  }

  // MARK: Looking

  /// Looks for dates that have passed; a call during a look causes one more.
  func look() async {
    mustLookAgain = true
    if isLooking || hasStopped || !clock.hasBegun { return }
    isLooking = true
    defer { isLooking = false }
    while mustLookAgain, !hasStopped {
      mustLookAgain = false
      let start = ContinuousClock.now
      do throws(EngineError) {
        let next = try await lookOnce()
        if failures > 0 { onProblem?(nil) }
        failures = 0
        let took = ContinuousClock.now - start
        mayLookAt = .now + max(DueWatch.pause.least, took * DueWatch.pause.share)
        wake(after: min(next ?? DueWatch.longest, DueWatch.longest))
      } catch {
        failed(error)
      }
    }
  }

  /// Looks once; the time until the next date.
  private func lookOnce() async throws(EngineError) -> Duration? {
    let query = roster.due.isEmpty ? nil : try await self.query()
    let now = try await clock.read()
    guard let from = position else { return nil }
    let (jumps, holding) = (clock.jumps, dispatcher.removalGuard.comparison.holding)
    if isBack {
      try await leavers.load()
      isBack = false
    }
    // The statement's transaction begins after this instant, and so do those that read the rows.
    var rows: (keys: [RosterKey], next: Double?) = ([], nil)
    if let query { rows = try await page(query, from, now.text, after: nil) }
    let gone = leavers.expire(at: now.seconds)
    if !gone.keys.isEmpty || !rows.keys.isEmpty {
      try await queue(query, rows.keys, gone.keys, from: from, upTo: now.text, holding)
    }
    if hasStopped { return nil }
    guard jumps == clock.jumps else {
      mustLookAgain = true
      return nil
    }
    position = now.text
    if open.isEmpty { unstored = now.text }
    progress()
    let next = [rows.next.map { max($0 - now.seconds, 0) }, gone.next].compactMap { $0 }.min()
    return next.map { .seconds($0) + .milliseconds(5) }
  }

  /// Queues the rows of a look: a few ahead of a running bulk load, many as bulk work.
  private func queue(
    _ query: DueQuery?, _ rows: [RosterKey], _ leavers: [RosterKey], from: String, upTo instant: String,
    _ holding: RemovalBudget.Reason?
  ) async throws(EngineError) {
    let epoch = dispatcher.queue.epochs.current
    dispatcher.queue.epochs.enter(epoch)
    let batch = dispatcher.removalGuard.begin(holding: holding)
    let priority: Priority = rows.count + leavers.count <= Sweeper.small ? .retry : .due
    for key in leavers { dispatcher.add(key, priority, epoch: epoch, removalBatch: batch, origin: .due) }
    dispatcher.pump()
    var keys = rows
    do throws(EngineError) {
      while !keys.isEmpty, !hasStopped {
        for key in keys { dispatcher.add(key, priority, epoch: epoch, removalBatch: batch, origin: .due) }
        dispatcher.counting.counters.changes[.due]? += keys.count
        dispatcher.pump()
        guard keys.count == DueQuery.page, let query, await dispatcher.room() else { break }
        keys = try await page(query, from, instant, after: keys.last).keys
      }
    } catch {
      dispatcher.removalGuard.abandon(batch)
      dispatcher.queue.epochs.leave(epoch)
      throw error
    }
    if hasStopped {
      dispatcher.removalGuard.abandon(batch)
      return dispatcher.queue.epochs.leave(epoch)
    }
    dispatcher.close(batch, epoch: epoch)
    open.append((dispatcher.queue.epochs.close(), instant))
  }

  /// The statements; the types of the expressions are asked again after a failure, because tables are altered.
  private func query() async throws(EngineError) -> DueQuery {
    if let known { return known }
    let query = try await DueQuery.read(session, roster)
    known = query
    return query
  }

  private func page(
    _ query: DueQuery, _ from: String, _ instant: String, after last: RosterKey?
  ) async throws(EngineError) -> (keys: [RosterKey], next: Double?) {
    let result = try await session.read(
      query.look, [from, instant, last?.text], limit: DueWatch.limit, timeout: DueWatch.limit + .seconds(4))
    let keys = (0..<result.rowCount).compactMap { result.key($0, 0) }
    let next = (0..<result.rowCount).first { result.isNull($0, 0) }.flatMap { result.double($0, 1) }
    return (keys, next)
  }

  /// Tries again later. What one row's expression raises must not hide all others' dates: everybody is compared then.
  private func failed(_ error: EngineError) {
    // The clock alone is read again in a while, and before anybody is removed.
    guard isActive else { return wake(after: DueWatch.longest) }
    failures += 1
    known = nil
    mayLookAt = .now + DueWatch.pause.least
    events.emit(.failed(.readingDates, "\(error)"))
    if case .database(let failure) = error, !failure.isConnectionLost {
      onProblem?(failure.message)
      if RosterFailure.isOfRow(failure), lastComparison.map({ .now - $0 > DueWatch.comparison }) ?? true {
        lastComparison = .now
        onEveryone?()
      }
    } else if case .refused(let reason) = error {
      onProblem?(reason)
    }
    let backoff = Backoff(base: .milliseconds(500), cap: DueWatch.longest)
    wake(after: backoff.delay(attempt: failures, random: Double.random(in: 0..<1)))
  }

  // MARK: Time

  private func jumped(_ now: String, _ seconds: Double) {
    // What has passed will pass again.
    if seconds < 0, position != nil {
      position = now
      isBack = true
    }
    onJump?(seconds)
    poke()
  }

  /// Rows that have been worked on may have dates that pass sooner than the next one known.
  func poke() {
    if !isActive || position == nil || isLooking { return }
    wake(after: max(.milliseconds(50), mayLookAt - .now))
  }

  private func wake(after delay: Duration) {
    let moment = ContinuousClock.now + delay
    if hasStopped || timer != nil && wakesAt <= moment { return }
    timer?.cancel()
    wakesAt = moment
    timer = Reactor.loop.after(delay) { [weak self] in
      guard let self else { return }
      timer = nil
      guard dispatcher.isWorking else { return }
      Reactor.task { await self.look() }
    }
  }

  // MARK: Position

  /// Stores the instant up to which everything has settled; while nothing happens once a minute.
  func progress() {
    while let first = open.first, first.epoch < dispatcher.queue.epochs.oldest {
      unstored = first.upTo
      hasSettled = true
      open.removeFirst()
    }
    guard let instant = unstored, !isStoring, !hasStopped, hasSettled || .now - lastStore >= DueWatch.longest else {
      return
    }
    isStoring = true
    hasSettled = false
    unstored = nil
    lastStore = .now
    Reactor.task {
      // If it cannot be stored, the next daemon looks at some rows again.
      do throws(EngineError) { try await self.ledger.store(dueAt: instant) } catch {
        if self.unstored == nil { self.unstored = instant }
      }
      self.isStoring = false
    }
  }
}
