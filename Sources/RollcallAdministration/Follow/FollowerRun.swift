internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// A follower's work in one session: rows in progress are forgotten with the session, and passed on again.
///
/// Each subject's rows are passed on in order by a task of its own, so that a slow or failing one stops no other; the
/// number of concurrent programs, or requests to one, and the rows in memory are limited.
@Reactor
final class FollowerRun {
  /// The maximum number of rows in memory; no more are read until there is room.
  private static let most = 1000
  /// The approximate number of rows in a window: so many may be passed on again after a crash.
  private static let windowSize = 5000
  /// The number of attempts for a row before its key is parked.
  private static let attempts = 3
  static let backoff = Backoff(base: .milliseconds(500), cap: .seconds(30))
  /// How often a position that advances without any work is stored.
  private static let idle: Duration = .seconds(30)

  let store: FollowerStore
  private let taker: any EventTaker
  private let line: @Sendable (HistoryRow) -> String
  let say: @Sendable (String) -> Void
  private let limit: Int
  private let slots: Slots
  var isStopping = false
  /// The first error of a task.
  private var failure: EngineError?
  private var tasks: [Int: Task<Void, Never>] = [:]
  private var lastTask = 0
  /// Rows that wait for the program, by subject, in order.
  var lanes: [String: [HistoryRow]] = [:]
  /// The first row that each parked subject is to have.
  var parked: [String: Int] = [:]
  var draining: Set<String> = []
  /// Subjects that are being parked or unparked, and the rows that have arrived meanwhile.
  var returning: [String: [HistoryRow]] = [:]
  /// Rows of parked subjects that were taken before the window reached them.
  var taken: [Int: UInt64] = [:]
  var window: JournalWindow
  private var stored: Snapshot
  private var lastStored = ContinuousClock.now
  /// Whether there are more rows than the window has.
  private var isLimited = false
  private var lastCounted: ContinuousClock.Instant?
  var lastTried: ContinuousClock.Instant?
  private var lastSaid = ""

  init(
    _ store: FollowerStore, _ taker: any EventTaker, limit: Int, from position: Snapshot,
    line: @escaping @Sendable (HistoryRow) -> String, say: @escaping @Sendable (String) -> Void
  ) {
    self.store = store
    self.taker = taker
    self.limit = limit
    self.line = line
    self.say = say
    slots = Slots(taker.most)
    stored = position
    window = JournalWindow(from: position, to: position)
    window.noteEnd()
  }

  func stop() {
    isStopping = true
    for task in tasks.values { task.cancel() }
    store.session.ring()
  }

  /// Follows until it is stopped.
  func work() async throws(EngineError) {
    for parked in try await store.parked(onlyDue: false) { self.parked[parked.key] = parked.first }
    do throws(EngineError) {
      while !isStopping {
        if window.isOver { try await look() }
        try await read()
        if let failure { throw failure }
        try await store(onlyIfDue: true)
        try await tryParked()
        // More rows may have arrived meanwhile.
        if window.isOver, window.hasRows || isLimited { continue }
        await store.session.wait(atMost: parked.isEmpty ? .seconds(5) : .seconds(1))
      }
    } catch {
      await finish()
      throw error
    }
    await finish()
    try await store(onlyIfDue: false)
  }

  /// Waits for the rows that the program is processing.
  private func finish() async {
    stop()
    while let task = tasks.values.first { await task.value }
  }

  func start(_ body: @escaping @Reactor @Sendable () async -> Void) {
    lastTask += 1
    let number = lastTask
    tasks[number] = Reactor.task {
      await body()
      self.tasks[number] = nil
      self.store.session.ring()
    }
  }

  // MARK: Reading

  /// Starts a window with the rows written since the last one.
  private func look() async throws(EngineError) {
    let state = try await store.state()
    if state.isNews, let cut = state.cut {
      say("rows that this follower had not seen were deleted at \(cut), because they were older than journal.keep")
      try await store.move(to: window.position)
      (stored, lastStored) = (window.position, .now)
    }
    var position = window.position
    if position.end > state.now.end {
      say("the position is ahead of this restored database; continuing with what is written from now on")
      try await store.cut(to: state.now)
      position = state.now
    }
    var end = state.now
    isLimited = false
    if position != end, let last = try await store.transaction(after: position, rows: min(Self.windowSize, limit)) {
      isLimited = true
      let isCounted = lastCounted.map { $0.duration(to: .now) > Self.idle } ?? true
      if isCounted { lastCounted = .now }
      if isCounted, try await store.isBehind(position, by: limit) {
        say("more than \(limit) rows behind; skipping them, and continuing with what is written from now on")
        try await store.cut(to: end)
        position = end
      } else {
        end = end.limited(to: max(last + 1, position.end))
      }
    }
    window = JournalWindow(from: position, to: end)
    if position == end { window.noteEnd() }
    taken = taken.filter { !position.includes($0.value) }
  }

  private func read() async throws(EngineError) {
    while !window.isRead, window.unsettled < Self.most, !isStopping {
      let rows = try await store.rows(from: window.begin, to: window.end, after: window.last, limit: Self.most / 2)
      for row in rows {
        window.append(row.tx, row.id)
        try await take(row)
      }
      if rows.count < Self.most / 2 { window.noteEnd() }
    }
  }

  func take(_ row: HistoryRow) async throws(EngineError) {
    let subject = FollowerStore.subject(of: row)
    if taken.removeValue(forKey: row.id) != nil {
      settle(row)
    } else if returning[subject] != nil {
      returning[subject]?.append(row)
    } else if let first = parked[subject] {
      if row.id < first {
        parked[subject] = row.id
        try await store.lower(subject, to: row.id)
      }
      settle(row)
    } else if lanes[subject] != nil {
      lanes[subject]?.append(row)
    } else {
      lanes[subject] = [row]
      start { await self.handOver(subject) }
    }
  }

  func settle(_ row: HistoryRow) {
    window.settle(row.id)
    if window.unsettled < Self.most / 2 { store.session.ring() }
  }

  /// Advances the stored position over what is settled, once a second, and rarely if nothing was.
  private func store(onlyIfDue: Bool) async throws(EngineError) {
    let position = window.position
    guard position != stored else { return }
    let age = lastStored.duration(to: .now)
    if onlyIfDue, age < (window.hasRows ? .seconds(1) : Self.idle) { return }
    try await store.move(to: position)
    (stored, lastStored) = (position, .now)
  }

  // MARK: Passing rows on

  private func handOver(_ subject: String) async {
    var attempts = 0
    var refusals = 0
    while let row = lanes[subject]?.first, !isStopping {
      switch await hand(row) {
      case .taken:
        (attempts, refusals) = (0, 0)
        lanes[subject]?.removeFirst()
        settle(row)
      case .failed(let message):
        attempts += 1
        if attempts < Self.attempts {
          await pause(Self.backoff, attempts)
        } else {
          await park(subject, attempts, message)
        }
      case .again(let message):
        refusals += 1
        tell(message)
        await pause(Self.backoff, refusals)
      }
    }
    if lanes[subject]?.isEmpty == true { lanes[subject] = nil }
  }

  func hand(_ row: HistoryRow) async -> HandOver {
    await slots.take()
    defer { slots.give() }
    if isStopping { return .again("") }
    return await taker.hand(line(row))
  }

  /// Ends early if the follower stops.
  func pause(_ backoff: Backoff, _ attempt: Int) async {
    if isStopping { return }
    try? await Reactor.sleep(for: backoff.delay(attempt: attempt, random: Double.random(in: 0..<1)))
  }

  func tell(_ message: String) {
    if message.isEmpty || message == lastSaid { return }
    lastSaid = message
    say(message)
  }

  func fail(_ error: EngineError) {
    failure = failure ?? error
    store.session.ring()
  }
}
