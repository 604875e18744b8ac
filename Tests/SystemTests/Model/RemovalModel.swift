import LDAPModel
import Postgres
import Reactor
import RollcallCore

@testable import RollcallEngine
@testable import RollcallLedger

/// HR, the log and its readers, and workers in small, around a real ``RemovalGuard`` with its queue and its ledger: at each
/// step it is known who is to be removed, and which batches decide on that.
///
/// What happens is drawn step by step, also while the guard waits for the log, for a count of the entries or for a record.
@Reactor
final class RemovalModel {
  /// A transaction of the log.
  struct Change {
    /// Whom it names; true: that takes nobody's access away by itself.
    var keys: [RosterKey: Bool]
    /// Whether its removals are decided together.
    var isWindow: Bool
    var isLeaver = false
    var isHeard = false
    /// That of the look which has found it; nil: it is new to this reader.
    var epoch: Epoch?
    /// That of a window.
    var removalBatch: RemovalBatch?
  }

  /// A window that has not been read completely.
  struct Window {
    var change: Int
    var removalBatch: RemovalBatch
    var epoch: Epoch
    var rest: [RosterKey]
  }

  /// People who are looked at for a reason that the log does not name; if it is abandoned, nobody names them again.
  struct Other {
    var removalBatch: RemovalBatch
    var epoch: Epoch
    var isPlain: Bool
  }

  enum Outcome {
    case settled, withheld, parked
    case waits(RosterKey)
  }

  struct Turn {
    var number: Int
    /// Whether each key's row was there when the turn began.
    var rows: [RosterKey: Bool]
    var outcomes: [RosterKey: Outcome] = [:]
    var isBusy = false
    var isPlanned = false
  }

  /// A batch that binds a key, or a window of the log that has not named it yet.
  enum Bond: Hashable {
    case batch(RemovalBatch)
    case change(Int)
  }

  let keys = (0..<8).map { RosterKey("k\($0)") }
  let state: LedgerState
  let removalGuard: RemovalGuard
  let dispatcher: Dispatcher
  let least: Int
  var random: ModelRandom
  var rows: Set<RosterKey>
  var entries: Set<RosterKey>
  var parked: Set<RosterKey> = []
  var removed: Set<RosterKey> = []
  var changes: [Change] = []
  /// The last change that has deleted each key's row.
  var deletedBy: [RosterKey: Int] = [:]
  var windows: [Window] = []
  var others: [Other] = []
  var closed: [RemovalBatch: Epoch] = [:]
  /// Batches that are neither decided nor abandoned.
  var undecided: Set<RemovalBatch> = []
  var turns: [Turn] = []
  var lastTurn = 0
  var settledUpTo: Epoch = -1
  /// What bound each key that a decision has allowed, when that began.
  var boundAtDecision: [RosterKey: Set<Bond>] = [:]
  var isDeciding = false
  var isPaying = false
  var isCalm = false
  var depth = 0
  var steps: [String] = []
  private(set) var faults: [String] = []

  init(_ ledger: Ledger, seed: UInt64) {
    random = ModelRandom(seed: seed, stream: 0)
    state = LedgerState(ledger)
    least = Int.random(in: 2...8, using: &random)
    rows = Set(keys)
    entries = Set(keys)
    removalGuard = RemovalGuard(RemovalPolicy(most: 1, least: least), state)
    dispatcher = Dispatcher(state, removalGuard, Events())
    removalGuard.count = { [weak self] _, _ throws(EngineError) in
      await self?.pay()
      return 100
    }
    removalGuard.record = { [weak self] batch, reason throws(EngineError) in
      guard let self else { return }
      try await check(held: batch, reason)
      await pay()
    }
    removalGuard.catchUp = { [weak self] keys throws(EngineError) in
      guard let self else { return [:] }
      await interleave()
      look()
      return unread(keys)
    }
  }

  func fail(_ text: String) { faults.append(text) }

  func note(_ text: String) { steps.append(String(repeating: "  ", count: depth) + text) }

  func draw<T>(_ all: some Collection<T>) -> T? { all.randomElement(using: &random) }

  func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  /// What happens while the guard waits.
  private func interleave() async {
    if isCalm || depth > 2 { return }
    depth += 1
    for _ in 0..<Int.random(in: 0...2, using: &random) { await step() }
    depth -= 1
  }

  private func pay() async {
    let was = isPaying
    isPaying = true
    await interleave()
    isPaying = was
  }

  // MARK: The log

  /// Reads the log: what one change names goes ahead, a window is read later.
  func look() {
    let epoch = dispatcher.queue.epochs.current
    for index in changes.indices where changes[index].epoch == nil {
      changes[index].epoch = epoch
      let change = changes[index]
      if change.isWindow {
        dispatcher.queue.epochs.enter(epoch)
        let removalBatch = removalGuard.begin(isOfTheLog: true)
        undecided.insert(removalBatch)
        changes[index].removalBatch = removalBatch
        windows.append(
          Window(change: index, removalBatch: removalBatch, epoch: epoch, rest: change.keys.keys.sorted()))
        continue
      }
      for key in change.keys.keys {
        if change.isHeard {
          if change.isLeaver { dispatcher.queue.markLeaver(key) }
        } else {
          dispatcher.add(key, change.isLeaver ? .leaver : .notification, isLeaver: change.isLeaver)
        }
      }
    }
    _ = dispatcher.queue.epochs.close()
  }

  private func unread(_ keys: [RosterKey]) -> [RosterKey: UnreadWindow] {
    var found: [RosterKey: UnreadWindow] = [:]
    for window in windows {
      for key in keys where found[key]?.isPlain != false {
        guard let isPlain = changes[window.change].keys[key] else { continue }
        found[key] = UnreadWindow(removalBatch: window.removalBatch, isPlain: isPlain)
      }
    }
    return found
  }

  /// Names the next person of the window that is being read.
  func readPage() {
    guard let window = windows.first else { return }
    guard let key = window.rest.first else {
      windows.removeFirst()
      closed[window.removalBatch] = window.epoch
      return
    }
    windows[0].rest.removeFirst()
    dispatcher.add(
      key, .sweep, epoch: window.epoch, removalBatch: window.removalBatch,
      isPlain: changes[window.change].keys[key] ?? false)
  }

  /// Another reader begins at the stored watermark.
  func displace() {
    for window in windows {
      undecided.remove(window.removalBatch)
      removalGuard.abandon(window.removalBatch)
      dispatcher.queue.epochs.leave(window.epoch)
    }
    windows = []
    for index in changes.indices where changes[index].epoch.map({ $0 > settledUpTo }) == true {
      changes[index].epoch = nil
      changes[index].isHeard = false
    }
  }

  // MARK: What must hold

  /// The batches that bind a key, besides one, and the windows of the log that do and have not named it yet.
  func bonds(of key: RosterKey, besides removalBatch: RemovalBatch? = nil) -> Set<Bond> {
    var bonds: Set<Bond> = []
    for (index, change) in changes.enumerated() where change.isWindow && change.keys[key] == false {
      let isUnread = windows.contains { $0.change == index && $0.rest.contains(key) }
      if change.epoch == nil || isUnread { bonds.insert(.change(index)) }
    }
    for other in dispatcher.queue.removalBatches.binding(key) where undecided.contains(other) {
      if other != removalBatch { bonds.insert(.batch(other)) }
    }
    return bonds
  }

  private func isUndecided(_ bond: Bond) -> Bool {
    switch bond {
    case .batch(let removalBatch): undecided.contains(removalBatch)
    case .change(let index):
      changes[index].epoch == nil || changes[index].removalBatch.map(undecided.contains) == true
    }
  }

  /// (a) No removal is carried out before all batches have decided that bound it when it was decided.
  func check(removing key: RosterKey, _ bonds: Set<Bond>) {
    let open = bonds.filter(isUndecided)
    if !open.isEmpty { fail("\(key) is removed before \(open) has decided") }
  }

  /// (c) A batch that is held counts each key once, and none that has been charged.
  private func check(held batch: [Removal], _ reason: RemovalBudget.Reason) async throws(EngineError) {
    let wanted = Set(batch.map(\.key))
    if wanted.count < batch.count { fail("a key counts twice: \(batch.map(\.key))") }
    guard case .beyond(let left) = reason else { return }
    let charged = try await charged()
    if left != max(0, least - charged.count) { fail("\(charged) are charged, and \(left) of \(least) are left") }
    if wanted.subtracting(charged).count <= left { fail("\(wanted) are held, although \(left) may go") }
  }

  func charged() async throws(EngineError) -> Set<RosterKey> {
    let rows = try await state.ledger.database.query(
      "SELECT DISTINCT key FROM rollcall.removal WHERE directory = $1", [state.ledger.directory])
    return Set((0..<rows.rowCount).compactMap { rows.key($0, 0) })
  }

  /// (d) The watermark does not pass a change whose removal is neither carried out nor recorded as held or parked.
  func checkWatermark() {
    settledUpTo = dispatcher.queue.epochs.settled() ?? settledUpTo
    for key in keys where isOwed(key) && !parked.contains(key) {
      guard let index = deletedBy[key], let epoch = changes[index].epoch, epoch <= settledUpTo else { continue }
      fail("the log is settled up to \(settledUpTo), and \(key), who left in \(epoch), is lost")
    }
  }

  /// Whether somebody's row is gone, and the entry is neither removed nor held.
  func isOwed(_ key: RosterKey) -> Bool {
    !rows.contains(key) && entries.contains(key) && state.held(key) == nil
  }
}
