internal import DequeModule
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Reads the change log beyond what was seen, and moves the stored watermark behind what has settled.
@Reactor
final class Sweeper {
  /// Looks with more keys than this are bulk: they do not overtake, and their removals are decided together.
  static let small = 32
  private static let storeEvery: Duration = .milliseconds(100)

  private let log: ChangeLog
  /// How often logging had been stopped or taken up again when this one began.
  private let stops: Int
  private let windows: WindowReader
  private let ledger: Ledger
  private let dispatcher: Dispatcher
  private let events: Events
  /// Everything visible in this snapshot has been handed to the queue, or is being read.
  private var seen: Snapshot
  /// What was seen last is a long window, which is read in pages.
  private var isReadingLong = false
  /// The watermark as it stands in the ledger, and one that may stand there instead, because no answer came.
  private var stored: String?
  private var attempted: String?
  /// Looks whose epochs have not settled.
  private var looks = Deque<(epoch: Epoch, snapshot: String, at: String, taken: ContinuousClock.Instant)>()
  /// What notifications brought since the last look began, and before it: a look does not bring it again.
  private var heard: Set<LoggedChange> = []
  private var heardBefore: Set<LoggedChange> = []
  /// How many keys notifications have brought since the last look.
  private var hints = 0
  /// How many keys notifications have brought altogether.
  private(set) var believed = 0
  private static let mostHints = 256
  /// Until when nobody is believed, because a notification named what the log does not.
  private var distrustedUntil: ContinuousClock.Instant?
  private static let distrust: Duration = .seconds(60)
  private var storing = false
  private var unstored: (epoch: Epoch, snapshot: String, at: String)?
  private var lastStore: ContinuousClock.Instant?
  private var storeTimer: Timer?
  private var running = false
  private var again = false
  private(set) var hasStopped = false
  /// Looks that have been begun, and how many of them have ended.
  private var begun = 0
  private var ended = 0
  /// Called when everyone has to be looked at; the epoch waits until that is done.
  var onEveryone: (@Reactor (Epoch) -> Void)? {
    didSet { windows.onEveryone = onEveryone }
  }
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Whether a row could have this key.
  var isKey: @Reactor (RosterKey) -> Bool = { _ in true }
  /// Called when the stored watermark is not the one that was stored last.
  var onDisplaced: (@Reactor () -> Void)?
  /// How many watermarks have been stored.
  private(set) var stores = 0
  /// How many changes looks have found; of a long window, as many as a look reads itself.
  private(set) var found = 0
  /// The last epoch up to which the watermark has been stored.
  private(set) var storedUpTo: Epoch = -1

  init(
    _ database: Database, windows: Database, _ sources: ChangeSources, _ ledger: Ledger, _ dispatcher: Dispatcher,
    seen: String, stored: String?, stops: Int, _ events: Events
  ) {
    log = ChangeLog(database, sources)
    self.stops = stops
    self.windows = WindowReader(windows, sources, dispatcher, events)
    self.ledger = ledger
    self.dispatcher = dispatcher
    self.events = events
    self.seen = Snapshot(seen) ?? .none
    self.stored = stored
  }

  /// Notes what a notification named; its keys go ahead of everything.
  ///
  /// Anybody can say NOTIFY. What a look has found already is not done again; what the next look does not find was never
  /// logged, and then notifications are for a while no more than a reason to look.
  /// - Returns: false where the log has to be looked at, because the notification is not believed.
  func hear(xid: String, keys: [RosterKey]) -> Bool {
    guard let number = UInt64(xid), !hasStopped else { return false }
    let isSeen = seen.includes(number)
    if isSeen, !isReadingLong { return true }
    if let distrustedUntil, .now < distrustedUntil { return false }
    guard hints + keys.count <= Sweeper.mostHints, dispatcher.hasRoom, keys.allSatisfy(isKey) else { return false }
    hints += keys.count
    believed += keys.count
    for key in keys {
      dispatcher.add(key, .notification, origin: Origin(number, isHeard: true))
      if !isSeen { heard.insert(LoggedChange(xid: xid, key: key)) }
    }
    dispatcher.pump()
    return true
  }

  /// Looks whether the log has what notifications named before it was looked at, or meanwhile.
  private func judgeHints(by look: Look) {
    let covered = heard.filter { UInt64($0.xid).map(seen.includes) ?? true }
    heard.subtract(covered)
    if look.isBulk || heardBefore.union(covered).isSubset(of: look.changes) { return }
    if distrustedUntil.map({ .now >= $0 }) ?? true {
      events.emit(.forgedNotification)
    }
    distrustedUntil = .now + Sweeper.distrust
  }

  /// Whether every transaction with an id below this had ended when the log was last looked at.
  func seenAllBelow(_ xid: UInt64) -> Bool {
    seen.includesAllBelow(xid)
  }

  /// Looks at the log; a call during a look makes it look once more.
  func look() async throws(EngineError) {
    again = true
    if running { return }
    running = true
    defer { running = false }
    while again, !hasStopped {
      again = false
      let before = seen.text
      // Whoever notifies has committed: a look that begins now finds all of it, or an earlier one did.
      heardBefore = heard
      heard = []
      hints = 0
      begun += 1
      let number = begun
      let look = try await log.look(beyond: before)
      if hasStopped { return }
      if look.isBehind(seen) || look.isFull || look.stops != stops { return goBack() }
      take(look, after: before)
      judgeHints(by: look)
      heardBefore = []
      ended = number
    }
  }

  /// Waits for a look that begins now, so that whatever has been committed is known.
  ///
  /// - Returns: which of these keys long windows name that are not read to their end, and where their removals are
  ///   decided; nil where this sweeper has ended meanwhile.
  func catchUp(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: RemovalBatch]? {
    let target = begun + 1
    while ended < target {
      if hasStopped { return nil }
      try await look()
      // Somebody else's look is under way.
      if ended < target { try? await Reactor.sleep(for: .milliseconds(1)) }
    }
    return try await windows.unread(keys)
  }

  /// PostgreSQL gives out transaction ids anew that were seen already: it has lost them in a crash, and what they stand
  /// for now has not been seen. Or logging was stopped, so that not all that was changed is in the log.
  private func goBack() {
    hasStopped = true
    stop()
    onDisplaced?()
  }

  /// Looks at the log if there is anything in it that was not seen; that costs less than a look where there is not.
  func lookForNews() async throws(EngineError) {
    if running { return }
    if try await log.hasNews(beyond: seen.text, stops: stops), !hasStopped { try await look() }
  }

  private func take(_ look: Look, after before: String) {
    seen = Snapshot(look.snapshot) ?? .none
    isReadingLong = look.isBulk
    found += look.found
    if look.isBulk {
      windows.append(after: before, upTo: look.snapshot)
      finish(look)
      return
    }
    var keys: [RosterKey: Origin] = [:]
    var everyone = false
    for (change, time) in zip(look.changes, look.times) {
      if heardBefore.contains(change) || heard.contains(change) { continue }
      guard let key = change.key else {
        everyone = true
        continue
      }
      keys[key, default: Origin()].merge(UInt64(change.xid).map { Origin($0, at: time) } ?? Origin())
    }
    if everyone {
      let epoch = dispatcher.queue.epochs.current
      dispatcher.queue.epochs.enter(epoch)
      onEveryone?(epoch)
    }
    if keys.count <= Sweeper.small {
      for (key, origin) in keys { dispatcher.add(key, .notification, origin: origin) }
      finish(look)
    } else {
      let epoch = dispatcher.queue.epochs.current
      dispatcher.queue.epochs.enter(epoch)
      let removalBatch = dispatcher.removalGuard.begin(isOfTheLog: true)
      for (key, origin) in keys { dispatcher.add(key, .sweep, removalBatch: removalBatch, origin: origin) }
      finish(look)
      dispatcher.close(removalBatch, epoch: epoch)
    }
    dispatcher.pump()
    progress()
  }

  private func finish(_ look: Look) {
    looks.append((dispatcher.queue.epochs.close(), look.snapshot, look.at, .now))
  }

  /// Ends it: what it has not read is read from the stored watermark by its successor.
  func stop() {
    hasStopped = true
    storeTimer?.cancel()
    storeTimer = nil
    windows.stop()
  }

  /// Reads the log from `after` to what was seen last, once more; `epoch` does not settle before.
  func read(after: String, _ epoch: Epoch) { windows.read(after: after, upTo: seen.text, epoch) }

  // MARK: Watermark

  /// Stores the watermark behind which everything has settled; at most one statement at a time, and in a storm of
  /// looks not after each.
  ///
  /// - Parameter atOnce: even if one has been stored just now.
  func progress(atOnce: Bool = false) {
    if let settled = dispatcher.queue.epochs.settled() {
      while let look = looks.first, look.epoch <= settled {
        unstored = (look.epoch, look.snapshot, look.at)
        looks.removeFirst()
      }
    }
    guard !storing, !hasStopped, attempted == nil, let next = unstored else { return }
    if !atOnce, let lastStore, ContinuousClock.now - lastStore < Sweeper.storeEvery {
      if storeTimer == nil {
        storeTimer = Reactor.loop.after(Sweeper.storeEvery) { [weak self] in
          self?.storeTimer = nil
          self?.progress()
        }
      }
      return
    }
    lastStore = .now
    storing = true
    unstored = nil
    attempted = next.snapshot
    let confirmed = dispatcher.servers?.takeConfirmed()
    Reactor.task {
      do throws(EngineError) {
        let isStored = try await self.ledger.store(
          watermark: next.snapshot, after: self.stored, lookedAt: next.at, confirmed: confirmed)
        self.attempted = nil
        if isStored {
          self.stored = next.snapshot
          self.storedUpTo = next.epoch
          self.stores += 1
        } else if !self.hasStopped {
          self.onDisplaced?()
        }
      } catch {
        // What could not be stored is stored with the next one.
        if let confirmed { self.dispatcher.servers?.putBack(confirmed) }
        if self.unstored == nil { self.unstored = next }
        self.storing = false
        self.onTrouble?(error)
        return
      }
      self.storing = false
      if self.unstored != nil { self.progress() }
    }
  }

  /// How much is known not to have settled for a while, and the snapshot beyond which nobody has counted; nil: nothing.
  var unsettled: (count: Int, countedTo: String)? {
    guard let oldest = looks.first, .now - oldest.taken > .seconds(1) else { return nil }
    return (dispatcher.queue.unsettled + windows.rest.count, windows.rest.countedTo ?? seen.text)
  }

  /// How heavy a storm is, by what looks find.
  var writerThrottle = WriterThrottle()
  var givesWay: Bool { writerThrottle.givesWay(behind: looks.first.map { .now - $0.taken }) }

  var isLooking: Bool { running }
  var isStoring: Bool { storing }

  /// Goes on from the watermark that the ledger has; false where it is none of this sweeper's.
  func goOn(from watermark: String?) -> Bool {
    guard !hasStopped, watermark == stored || watermark == attempted else { return false }
    stored = watermark
    attempted = nil
    return true
  }
}
