internal import DequeModule
internal import Logging
internal import Postgres
internal import Reactor
internal import RollcallCore

/// Reads the change log beyond what was seen, and moves the stored watermark behind what has settled.
@Reactor
final class Sweeper {
  /// Looks with more keys than this are bulk: they do not overtake, and their removals are decided together.
  static let small = 32
  private static let storeEvery: Duration = .milliseconds(100)

  /// A stretch of the log that is too long for a look.
  private struct Window {
    var after: String
    var upTo: String
    /// Held open until the window's removals are decided.
    var epoch: Epoch
    var gathering: Gathering
  }

  private let log: ChangeLog
  private let session: Database
  private let ledger: Ledger
  private let provisioner: Provisioner
  private let logger: Logger
  /// Everything visible in this snapshot has been handed to the queue, or is being read.
  private var seen: String
  /// The watermark as it stands in the ledger, and one that may stand there instead, because no answer came.
  private var stored: String?
  private var attempted: String?
  /// Looks whose epochs have not settled.
  private var looks = Deque<(epoch: Epoch, snapshot: String, at: String, taken: ContinuousClock.Instant)>()
  /// What notifications brought since the last look began, and before it: a look does not bring it again.
  private var heard: Set<LoggedChange> = []
  private var heardBefore: Set<LoggedChange> = []
  private var windows = Deque<Window>()
  private var reading: Task<Void, Never>?
  private var storing = false
  private var unstored: (epoch: Epoch, snapshot: String, at: String)?
  private var lastStore: ContinuousClock.Instant?
  private var storeTimer: Timer?
  private var running = false
  private var again = false
  private var hasStopped = false
  /// Called when everyone has to be looked at; the epoch waits until that is done.
  var onEveryone: (@Reactor (Epoch) -> Void)?
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Called when the stored watermark is not the one that was stored last.
  var onDisplaced: (@Reactor () -> Void)?
  /// How many watermarks have been stored.
  private(set) var stores = 0
  /// How many changes looks have found; of a long window, as many as a look reads itself.
  private(set) var found = 0
  /// The last epoch up to which the watermark has been stored.
  private(set) var storedUpTo: Epoch = -1

  init(
    _ log: ChangeLog, windows: Database, _ ledger: Ledger, _ provisioner: Provisioner, seen: String, stored: String?,
    _ logger: Logger
  ) {
    self.log = log
    session = windows
    self.ledger = ledger
    self.provisioner = provisioner
    self.seen = seen
    self.stored = stored
    self.logger = logger
  }

  /// Notes what a notification named; its keys go ahead of everything.
  func hear(xid: String, keys: [RosterKey]) {
    for key in keys {
      provisioner.add(key, .notification)
      if heard.count < 10_000 { heard.insert(LoggedChange(xid: xid, key: key)) }
    }
    provisioner.pump()
  }

  /// Whether every transaction with an id below this had ended when the log was last looked at.
  func seenAllBelow(_ xid: UInt64) -> Bool {
    // pg_snapshot as text begins with xmin, the first id that may be running.
    (UInt64(seen.prefix { $0 != ":" }) ?? 0) >= xid
  }

  /// Looks at the log; a call during a look makes it look once more.
  func look() async throws(EngineError) {
    again = true
    if running { return }
    running = true
    defer { running = false }
    while again, !hasStopped {
      again = false
      let before = seen
      // Whoever notifies has committed: a look that begins now finds all of it, or an earlier one did.
      heardBefore = heard
      heard = []
      let look = try await log.look(beyond: before)
      if hasStopped { return }
      take(look, after: before)
      heardBefore = []
    }
  }

  private func take(_ look: Look, after before: String) {
    seen = look.snapshot
    found += look.isBulk ? 1000 : look.changes.count
    if look.isBulk {
      append(after: before, upTo: look.snapshot)
      finish(look)
      return
    }
    var keys: Set<RosterKey> = []
    var everyone = false
    for change in look.changes {
      if heardBefore.contains(change) || heard.contains(change) { continue }
      if let key = change.key { keys.insert(key) } else { everyone = true }
    }
    if everyone {
      let epoch = provisioner.queue.epochs.current
      provisioner.queue.epochs.enter(epoch)
      onEveryone?(epoch)
    }
    if keys.count <= Sweeper.small {
      for key in keys { provisioner.add(key, .notification) }
      finish(look)
    } else {
      let epoch = provisioner.queue.epochs.current
      provisioner.queue.epochs.enter(epoch)
      let gathering = provisioner.gatekeeper.begin()
      for key in keys { provisioner.add(key, .sweep, gathering: gathering) }
      finish(look)
      provisioner.close(gathering, epoch: epoch)
    }
    provisioner.pump()
    progress()
  }

  private func finish(_ look: Look) {
    looks.append((provisioner.queue.epochs.close(), look.snapshot, look.at, .now))
  }

  /// Ends it: what it has not read is read from the stored watermark by its successor.
  func stop() {
    hasStopped = true
    storeTimer?.cancel()
    storeTimer = nil
    reading?.cancel()
    for window in windows {
      provisioner.gatekeeper.abandon(window.gathering)
      provisioner.queue.epochs.leave(window.epoch)
    }
    windows = []
  }

  // MARK: Long windows

  /// Reads the log from `after` to what was seen last, once more; `epoch` does not settle before.
  func read(after: String, _ epoch: Epoch) {
    provisioner.queue.epochs.enter(epoch)
    windows.append(
      Window(after: after, upTo: seen, epoch: epoch, gathering: provisioner.gatekeeper.begin()))
    readNext()
  }

  private func append(after: String, upTo: String) {
    // Windows that nobody reads yet grow instead of queueing up; the older epoch holds the younger ones.
    if let last = windows.last, last.upTo == after {
      windows[windows.count - 1].upTo = upTo
    } else {
      let epoch = provisioner.queue.epochs.current
      provisioner.queue.epochs.enter(epoch)
      windows.append(
        Window(after: after, upTo: upTo, epoch: epoch, gathering: provisioner.gatekeeper.begin()))
    }
    readNext()
  }

  private func readNext() {
    guard reading == nil, !hasStopped, let window = windows.popFirst() else { return }
    reading = Reactor.task {
      let isRead = await self.read(window)
      if isRead {
        self.provisioner.close(window.gathering, epoch: window.epoch)
      } else {
        self.provisioner.gatekeeper.abandon(window.gathering)
        self.provisioner.queue.epochs.leave(window.epoch)
      }
      self.reading = nil
      self.readNext()
    }
  }

  /// Reads a window to its end, page by page, however often the connection is lost meanwhile; false if it was stopped.
  private func read(_ window: Window) async -> Bool {
    var attempt = 0
    var everyone = false
    let cursor = ChangeWindow(session, after: window.after, upTo: window.upTo)
    while await provisioner.room(), !hasStopped {
      do throws(EngineError) {
        let page = try await cursor.next()
        if hasStopped { return false }
        if page.isEmpty {
          guard everyone else { return true }
          provisioner.queue.epochs.enter(window.epoch)
          onEveryone?(window.epoch)
          return true
        }
        for key in page {
          guard let key else {
            everyone = true
            continue
          }
          provisioner.add(key, .sweep, epoch: window.epoch, gathering: window.gathering)
        }
        provisioner.pump()
        attempt = 0
      } catch {
        attempt += 1
        if hasStopped { return false }
        logger.warning("reading the change log", metadata: ["error": "\(error)"])
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(10))
        try? await Reactor.sleep(for: backoff.delay(attempt: attempt, random: Double.random(in: 0..<1)))
      }
    }
    return false
  }

  // MARK: Watermark

  /// Stores the watermark behind which everything has settled; at most one statement at a time, and in a storm of
  /// looks not after each.
  ///
  /// - Parameter atOnce: even if one has been stored just now.
  func progress(atOnce: Bool = false) {
    if let settled = provisioner.queue.epochs.settled() {
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
    Reactor.task {
      do throws(EngineError) {
        let isStored = try await self.ledger.store(watermark: next.snapshot, after: self.stored, lookedAt: next.at)
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
        if self.unstored == nil { self.unstored = next }
        self.storing = false
        self.onTrouble?(error)
        return
      }
      self.storing = false
      if self.unstored != nil { self.progress() }
    }
  }

  /// How heavy a storm is, by what looks find.
  var courtesy = Courtesy()
  var givesWay: Bool { courtesy.givesWay(behind: looks.first.map { .now - $0.taken }) }

  var isLooking: Bool { running }
  var isStoring: Bool { storing }

  /// Goes on from the watermark that the ledger has; false where it is none of this sweeper's.
  func goOn(from watermark: String?) -> Bool {
    guard watermark == stored || watermark == attempted else { return false }
    stored = watermark
    attempted = nil
    return true
  }
}
