internal import DequeModule
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Finds the people whom changes of one further table concern, by its ``KeyQuery``, and queues them.
///
/// It reads stretches of the log of its own, one after the other, in pages; what waits is joined. A stretch settles when
/// all its people have been queued and worked on, and their removals are decided together. The people are looked for after
/// the changes are visible; whoever comes to concern, or ceases to, between two statements has a change of his own in the
/// log. A query that fails keeps the stretch, and with it the watermark, until it answers. Where only some rows make it
/// fail these are set aside, so that they do not delay the others.
@Reactor
final class KeyQueryReader {
  /// Transactions of a page that are told apart, which takes a statement each; more share their people.
  private static let mostTransactions = 16
  /// Rows that may fail one by one before the query itself is at fault.
  static let mostFailures = 24
  /// How many rows are set aside.
  static let mostAside = 1000
  /// How long one statement may take.
  static let limit: Duration = .seconds(50)
  private static let backoff = Backoff(base: .milliseconds(200), cap: .seconds(10))

  struct Window {
    var after: String
    var upTo: String
    /// Held open until the removals are decided.
    var epoch: Epoch
    var removalBatch: RemovalBatch
    /// Whether others fill the batch, too.
    var isShared = false
    /// The last row whose people have been found, and the number of people.
    var done: RosterKey?
    var found = 0
    /// Whether everybody is to be compared instead.
    var everyone = false
  }

  /// A row for which the query fails.
  struct Aside {
    var row: ChangedRow
    /// Held open until its people have been found.
    var epoch: Epoch
    var failure: EngineError
  }

  let query: KeyQuery
  let place: Int
  let roster: Roster
  let log: ChangeLog
  let session: Database
  let dispatcher: Dispatcher
  let events: Events
  private(set) var waiting = Deque<Window>()
  var current: Window?
  var aside: [RosterKey: Aside] = [:]
  /// Of the current stretch, if it is long.
  private var cursor: ChangedRows?
  private var reading: Task<Void, Never>?
  /// Between two attempts to read a stretch.
  private var pause: Task<Void, Never>?
  /// Whether the query fails for the current stretch, and not for single rows only.
  private(set) var isFailing = false
  /// Why people cannot be found; nil: they can, or that is being tried.
  private(set) var failure: String?
  var timer: Timer?
  var attempts = 0
  var mayRetry = true
  private(set) var hasStopped = false
  /// Called when everybody has to be compared; the epoch waits until that is done.
  var onEveryone: (@Reactor (Epoch) -> Void)?
  /// Called with rows that have changed, before their people are looked for.
  var onRows: (@Reactor ([ChangedRow]) -> Void)?
  /// Called with the reason why people cannot be found, and with nil when they can again.
  var onProblem: (@Reactor (String?) -> Void)?

  /// - Parameters:
  ///   - place: of the query among those of the configuration.
  ///   - log: on a session that may take its time.
  ///   - session: one of the mapping, for the query.
  init(
    _ query: KeyQuery, place: Int, _ roster: Roster, _ log: ChangeLog, _ session: Database, _ dispatcher: Dispatcher,
    _ events: Events
  ) {
    self.query = query
    self.place = place
    self.roster = roster
    self.log = log
    self.session = session
    self.dispatcher = dispatcher
    self.events = events
  }

  /// Reads the log between two snapshots.
  ///
  /// - Parameters:
  ///   - epoch: the epoch that must not settle before its removals are decided.
  ///   - removalBatch: the batch that it fills together with others; nil: one of its own.
  func read(after: String, upTo: String, _ epoch: Epoch, _ removalBatch: RemovalBatch? = nil) {
    dispatcher.queue.epochs.enter(epoch)
    let own = removalBatch ?? dispatcher.removalGuard.begin(isOfTheLog: true)
    waiting.append(
      Window(after: after, upTo: upTo, epoch: epoch, removalBatch: own, isShared: removalBatch != nil))
    readNext()
  }

  /// The same for a window that follows the others; between it and the last one there are no changes of this table.
  func append(after: String, upTo: String, _ removalBatch: RemovalBatch?) {
    if removalBatch != nil || waiting.isEmpty {
      read(after: after, upTo: upTo, dispatcher.queue.epochs.current, removalBatch)
    } else {
      // The older epoch keeps the younger ones open.
      waiting[waiting.count - 1].upTo = upTo
    }
  }

  /// Ends the reader: its successor reads from the stored watermark what this one has not read.
  func stop() {
    hasStopped = true
    reading?.cancel()
    pause?.cancel()
    timer?.cancel()
    for window in waiting { giveUp(window) }
    for row in aside.values { dispatcher.queue.epochs.leave(row.epoch) }
    waiting = []
    aside = [:]
  }

  /// Stretches that have not been read completely, and rows that are set aside.
  var open: Int { waiting.count + (current == nil ? 0 : 1) + aside.count }

  /// Reports why people cannot be found, or that they can again.
  func report(_ reason: String?) {
    failure = reason
    onProblem?(reason)
  }

  /// Asks a query that fails at once, instead of after a pause.
  func retryNow() {
    failure = nil
    isFailing = false
    pause?.cancel()
    if aside.isEmpty { return }
    timer?.cancel()
    timer = nil
    mayRetry = true
    readNext()
  }

  /// The removals of others do not wait for a query that fails: what it has still to find is a batch of its own.
  private func leaveOthers() {
    current = current.map(alone)
    for index in waiting.indices { waiting[index] = alone(waiting[index]) }
  }

  private func alone(_ window: Window) -> Window {
    guard window.isShared else { return window }
    dispatcher.queue.epochs.enter(window.epoch)
    dispatcher.close(window.removalBatch, epoch: window.epoch)
    var window = window
    window.removalBatch = dispatcher.removalGuard.begin(isOfTheLog: true)
    window.isShared = false
    return window
  }

  private func giveUp(_ window: Window) {
    dispatcher.removalGuard.abandon(window.removalBatch)
    dispatcher.queue.epochs.leave(window.epoch)
  }

  // MARK: Reading

  func readNext() {
    guard reading == nil, !hasStopped, !waiting.isEmpty || mayRetry && !aside.isEmpty else { return }
    reading = Reactor.task {
      if self.mayRetry, !self.aside.isEmpty { await self.retry() }
      if !self.hasStopped, let window = self.waiting.popFirst() { await self.read(window) }
      self.reading = nil
      self.readNext()
    }
  }

  /// Reads a window to its end, however often that fails meanwhile.
  private func read(_ window: Window) async {
    current = window
    let isRead = await readPages()
    let window = current ?? window
    let everyone = window.everyone
    current = nil
    if isRead, everyone {
      dispatcher.queue.epochs.enter(window.epoch)
      onEveryone?(window.epoch)
    }
    if isRead { dispatcher.close(window.removalBatch, epoch: window.epoch) } else { giveUp(window) }
    if isRead { tellAside() }
    await cursor?.end()
    cursor = nil
  }

  /// Reads the current window; false if this reader has ended meanwhile.
  private func readPages() async -> Bool {
    var attempt = 0
    while await dispatcher.room(), !hasStopped {
      do throws(EngineError) {
        let isAtEnd = try await readPage()
        isFailing = false
        if isAtEnd { return true }
        attempt = 0
      } catch {
        if case .standby = error { continue }
        attempt += 1
        isFailing = tell(error, isFirst: attempt == 1)
        if isFailing { leaveOthers() }
        let delay = KeyQueryReader.backoff.delay(attempt: attempt, random: Double.random(in: 0..<1))
        let pause = Reactor.task { try? await Reactor.sleep(for: delay) }
        self.pause = pause
        await pause.value
      }
    }
    return false
  }

  /// Finds the people of the next rows; true at the end.
  ///
  /// - Throws: ``EngineError/standby`` if this reader has ended meanwhile, as all of them do that find people.
  private func readPage() async throws(EngineError) -> Bool {
    guard let window = current else { return true }
    var short: [ChangedRow]?
    if cursor == nil { short = try await log.rows(ofQuery: place, after: window.after, upTo: window.upTo) }
    if short == nil, cursor == nil {
      cursor = ChangedRows(log, ofQuery: place, after: window.after, upTo: window.upTo)
    }
    let rows: [ChangedRow]
    if let cursor { rows = try await cursor.next(beyond: window.done) } else { rows = short ?? [] }
    if hasStopped { throw .standby }
    guard let last = rows.last else { return true }
    onRows?(rows)
    if rows.contains(where: \.key.isTooLong) {
      current?.everyone = true
      return true
    }
    // The table may have been altered since the last time.
    let type = try await query.prepare(session, roster: try await roster.resolveKeyType())
    var failures: [Aside] = []
    for group in groups(rows) {
      guard try await find(group, type, window.epoch, &failures) else {
        current?.everyone = true
        return true
      }
    }
    for failure in failures { set(aside: failure) }
    current?.done = last.key
    return cursor == nil
  }

  /// Rows whose people have the same origin.
  private func groups(_ rows: [ChangedRow]) -> [[ChangedRow]] {
    let groups = Dictionary(grouping: rows, by: \.transaction)
    if groups.count > KeyQueryReader.mostTransactions { return [rows] }
    return groups.sorted { $0.key < $1.key }.map(\.value)
  }
}
