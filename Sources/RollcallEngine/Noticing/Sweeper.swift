internal import DequeModule
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Reads new changes from the change log, and advances the stored watermark over what has settled.
@Reactor
final class Sweeper {
  /// Reads with more keys than this are bulk: they do not overtake, and their removals are decided together.
  static let small = 32
  private static let storeEvery: Duration = .milliseconds(100)

  let log: ChangeLog
  /// How often logging had been stopped or resumed when this sweeper began.
  private let stops: Int
  let windows: WindowReader
  /// Find the people whom changes of further tables concern; in the order of the configuration.
  let keyQueries: [KeyQueryReader]
  /// The connection to the directory on which it began: on this or a later one its keys are looked at.
  var connection = 0
  private let ledger: Ledger
  let dispatcher: Dispatcher
  let events: Events
  /// Everything visible in this snapshot has been queued, or is being read.
  private(set) var seen: Snapshot
  /// Whether the last read found a long window, which is read in pages.
  var isReadingLong = false
  /// The watermark in the ledger, and one that may be there instead, because no answer was received.
  private var stored: String?
  private var attempted: String?
  /// A read whose epoch has not settled. oldest: when the first change that it found was made, in microseconds.
  typealias OpenLook = (epoch: Epoch, snapshot: String, at: String, taken: ContinuousClock.Instant, oldest: Int64?)
  private(set) var looks = Deque<OpenLook>()
  /// Changes named by notifications since the last read began, and before it: a read does not queue them again.
  var heard: Set<LoggedChange> = []
  var heardBefore: Set<LoggedChange> = []
  /// The number of keys that notifications have named since the last read.
  var hints = 0
  /// The number of keys that notifications have named in total.
  var believed = 0
  static let mostHints = 256
  /// Notifications are distrusted until then, because one named changes that are not in the log.
  var distrustedUntil: ContinuousClock.Instant?
  static let distrust: Duration = .seconds(60)
  private var storing = false
  private var unstored: (epoch: Epoch, snapshot: String, at: String)?
  private var lastStore: ContinuousClock.Instant?
  private var storeTimer: Timer?
  private var running = false
  private var again = false
  private(set) var hasStopped = false
  /// The number of reads that have begun, and the last one that has ended.
  private var begun = 0
  private var ended = 0
  /// Called when all keys have to be looked at; the epoch waits until that is done.
  var onEveryone: (@Reactor (Epoch) -> Void)? {
    didSet {
      windows.onEveryone = onEveryone
      for reader in keyQueries { reader.onEveryone = onEveryone }
    }
  }
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Whether a row could have this key.
  var isKey: @Reactor (RosterKey) -> Bool = { _ in true }
  /// Called when the stored watermark is not the one that was last stored.
  var onDisplaced: (@Reactor () -> Void)?
  /// The number of watermarks that have been stored.
  private(set) var stores = 0
  /// The number of changes found; of a long window, only as many as one read returns.
  private(set) var found = 0
  /// The last epoch up to which the watermark has been stored.
  private(set) var storedUpTo: Epoch = -1

  init(
    _ database: Database, windows: Database, _ sources: ChangeSources, _ keyQueries: [KeyQueryReader], _ ledger: Ledger,
    _ dispatcher: Dispatcher, seen: String, stored: String?, stops: Int, _ events: Events
  ) {
    log = ChangeLog(database, sources, hasCommitTimes: dispatcher.counting.hasCommitTimes)
    self.stops = stops
    self.keyQueries = keyQueries
    self.windows = WindowReader(windows, sources, dispatcher, events)
    self.ledger = ledger
    self.dispatcher = dispatcher
    self.events = events
    self.seen = Snapshot(seen) ?? .none
    self.stored = stored
  }

  /// Whether every transaction with an id below this had ended at the last read of the log.
  func seenAllBelow(_ xid: UInt64) -> Bool {
    seen.includesAllBelow(xid)
  }

  /// Reads the log; a call during a read causes one more read.
  func look() async throws(EngineError) {
    again = true
    if running { return }
    running = true
    defer { running = false }
    while again, !hasStopped {
      again = false
      let before = seen.text
      // A notification follows the commit, so this read finds all of its changes, or an earlier one did.
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

  /// Waits for a read that begins now, so that everything committed by now is known; false if this sweeper has ended
  /// meanwhile.
  func readAnew() async throws(EngineError) -> Bool {
    let target = begun + 1
    while ended < target {
      if hasStopped { return false }
      try await look()
      // Another caller's read is in progress.
      if ended < target { try? await Reactor.sleep(for: .milliseconds(1)) }
    }
    return true
  }

  /// PostgreSQL is reusing transaction ids: it lost them in a crash, and their new changes have not been seen. Or
  /// logging was stopped, so that some changes are not in the log.
  private func goBack() {
    hasStopped = true
    stop()
    onDisplaced?()
  }

  /// Reads the log if it contains new changes; checking costs less than a read.
  func lookForNews() async throws(EngineError) {
    if running { return }
    if try await log.hasNews(beyond: seen.text, stops: stops), !hasStopped { try await look() }
  }

  private func take(_ look: Look, after before: String) {
    seen = Snapshot(look.snapshot) ?? .none
    isReadingLong = look.isBulk
    found += look.found
    let leavers = take(look.marks)
    if look.isBulk {
      _ = read(look, after: before, hasBatch: false)
      finish(look)
      dispatcher.pump()
      return
    }
    var keys: [RosterKey: Origin] = [:]
    // Those with a change that may take their access away.
    var binding: Set<RosterKey> = []
    var everyone = false
    for (change, time) in zip(look.changes, look.times) {
      let transaction = UInt64(change.xid)
      if heardBefore.contains(change) || heard.contains(change) {
        if let transaction, let key = change.key { dispatcher.learn(transaction, of: key, at: time) }
        continue
      }
      guard let key = change.key else {
        everyone = true
        continue
      }
      if let transaction { dispatcher.counting.logged(transaction) }
      if let transaction, leavers[key]?.contains(transaction) == true {
        dispatcher.learn(transaction, of: key, at: time)
        continue
      }
      if transaction.map({ look.marks.isPlain($0, key) }) != true { binding.insert(key) }
      keys[key, default: Origin()].merge(transaction.map { Origin($0, at: time) } ?? Origin())
    }
    dispatcher.counting.counters.changes[.sweep]? += keys.count
    if everyone {
      let epoch = dispatcher.queue.epochs.current
      dispatcher.queue.epochs.enter(epoch)
      onEveryone?(epoch)
    }
    let isBatch = keys.count > Sweeper.small
    let together = read(look, after: before, hasBatch: isBatch)
    if !isBatch {
      for (key, origin) in keys { dispatcher.add(key, .notification, origin: origin) }
      finish(look)
    } else {
      let epoch = dispatcher.queue.epochs.current
      dispatcher.queue.epochs.enter(epoch)
      let removalBatch = together ?? dispatcher.removalGuard.begin(isOfTheLog: true)
      for (key, origin) in keys {
        dispatcher.add(
          key, .sweep, removalBatch: removalBatch, isPlain: !binding.contains(key), origin: origin)
      }
      finish(look)
      dispatcher.close(removalBatch, epoch: epoch)
    }
    dispatcher.pump()
    progress()
  }

  private func finish(_ look: Look) {
    looks.append((dispatcher.queue.epochs.close(), look.snapshot, look.at, .now, look.oldest))
  }

  /// Ends this sweeper: its successor reads from the stored watermark what this one has not read.
  func stop() {
    hasStopped = true
    storeTimer?.cancel()
    storeTimer = nil
    windows.stop()
    for reader in keyQueries { reader.stop() }
  }

  // MARK: Watermark

  /// Stores the watermark up to which everything has settled; at most one statement at a time, and in a storm not
  /// after each read.
  ///
  /// - Parameter atOnce: even if one has just been stored.
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
        // Data that could not be stored are stored with the next watermark.
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

  var writerThrottle = WriterThrottle()
  var givesWay: Bool { writerThrottle.givesWay(behind: looks.first.map { .now - $0.taken }) }

  var isLooking: Bool { running }
  var isStoring: Bool { storing }

  /// Continues from the ledger's watermark; false if this sweeper did not store it.
  func goOn(from watermark: String?) -> Bool {
    guard !hasStopped, watermark == stored || watermark == attempted else { return false }
    stored = watermark
    attempted = nil
    return true
  }
}
