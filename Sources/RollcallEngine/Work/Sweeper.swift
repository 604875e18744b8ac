internal import DequeModule
internal import Foundation
internal import Logging
internal import Postgres
internal import Reactor
internal import RollcallCore

/// Reads the change log beyond what was seen, and moves the stored watermark behind what has settled.
@Reactor
final class Sweeper {
  /// Looks with more keys than this are bulk: they do not overtake, and their removals are decided together.
  static let small = 32

  private let log: ChangeLog
  private let windows: Database
  private let ledger: Ledger
  private let provisioner: Provisioner
  private let logger: Logger
  /// Everything visible in this snapshot has been handed to the queue, or is being read.
  private var seen: String
  /// Looks whose epochs have not settled.
  private var looks = Deque<(epoch: Epoch, snapshot: String, at: String)>()
  /// What notifications brought since the last look, so that the look does not bring it again.
  private var heard: Set<LoggedChange> = []
  private var storing = false
  private var unstored: (snapshot: String, at: String)?
  private var running = false
  private var again = false
  /// Called when everyone has to be looked at; the epoch waits until that is done.
  var onEveryone: (@Reactor (Epoch) -> Void)?
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// How many watermarks have been stored.
  private(set) var stores = 0
  /// How many changes looks have found; of a long window, as many as a look reads itself.
  private(set) var found = 0

  init(
    _ log: ChangeLog, windows: Database, _ ledger: Ledger, _ provisioner: Provisioner, seen: String, _ logger: Logger
  ) {
    self.log = log
    self.windows = windows
    self.ledger = ledger
    self.provisioner = provisioner
    self.seen = seen
    self.logger = logger
  }

  /// Notes what a notification named; its keys go ahead of everything.
  func hear(xid: String, keys: [String]) {
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
    while again {
      again = false
      let before = seen
      let look = try await log.look(beyond: before)
      take(look, after: before)
    }
  }

  private func take(_ look: Look, after before: String) {
    seen = look.snapshot
    found += look.isBulk ? 1000 : look.changes.count
    if look.isBulk {
      heard = []
      let (epoch, gathering) = open()
      finish(look, epoch)
      Reactor.task { await self.read(after: before, upTo: look.snapshot, epoch, gathering) }
      return
    }
    var keys: Set<String> = []
    var everyone = false
    for change in look.changes {
      if heard.contains(change) { continue }
      if let key = change.key { keys.insert(key) } else { everyone = true }
    }
    heard.subtract(look.changes)
    if everyone {
      let epoch = provisioner.queue.epochs.current
      provisioner.queue.epochs.enter(epoch)
      onEveryone?(epoch)
    }
    if keys.count <= Sweeper.small {
      for key in keys { provisioner.add(key, .notification) }
      finish(look, provisioner.queue.epochs.current)
    } else {
      let (epoch, gathering) = open()
      for key in keys { provisioner.add(key, .sweep, gathering: gathering) }
      finish(look, epoch)
      provisioner.close(gathering, epoch: epoch)
    }
    provisioner.pump()
    progress()
  }

  /// A gathering, and the current epoch held open for its decision.
  private func open() -> (Epoch, Gathering) {
    let epoch = provisioner.queue.epochs.current
    provisioner.queue.epochs.enter(epoch)
    return (epoch, provisioner.gatekeeper.begin())
  }

  private func finish(_ look: Look, _ epoch: Epoch) {
    let closed = provisioner.queue.epochs.close()
    looks.append((closed, look.snapshot, look.at))
  }

  /// Reads a long window to its end, page by page, however often the connection is lost meanwhile.
  private func read(after: String, upTo: String, _ epoch: Epoch, _ gathering: Gathering) async {
    var attempt = 0
    var everyone = false
    let window = ChangeWindow(windows, after: after, upTo: upTo)
    while true {
      do throws(EngineError) {
        await provisioner.room()
        let page = try await window.next()
        if page.isEmpty { break }
        for key in page {
          if let key { provisioner.add(key, .sweep, epoch: epoch, gathering: gathering) } else { everyone = true }
        }
        provisioner.pump()
        attempt = 0
      } catch {
        attempt += 1
        logger.warning("reading the change log", metadata: ["error": "\(error)"])
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(10))
        try? await Reactor.sleep(for: backoff.delay(attempt: attempt, random: Double.random(in: 0..<1)))
      }
    }
    if everyone {
      provisioner.queue.epochs.enter(epoch)
      onEveryone?(epoch)
    }
    provisioner.close(gathering, epoch: epoch)
  }

  // MARK: Watermark

  /// Stores the watermark behind which everything has settled; at most one statement at a time.
  func progress() {
    if let settled = provisioner.queue.epochs.settled() {
      while let look = looks.first, look.epoch <= settled {
        unstored = (look.snapshot, look.at)
        looks.removeFirst()
      }
    }
    guard !storing, let next = unstored else { return }
    storing = true
    unstored = nil
    Reactor.task {
      do throws(EngineError) {
        try await self.ledger.store(watermark: next.snapshot, lookedAt: next.at)
        self.stores += 1
      } catch {
        self.onTrouble?(error)
      }
      self.storing = false
      if self.unstored != nil { self.progress() }
    }
  }

  var isStoring: Bool { storing }

  /// Whether every look so far has settled and is stored.
  var isStored: Bool { looks.isEmpty && unstored == nil && !storing }
}
