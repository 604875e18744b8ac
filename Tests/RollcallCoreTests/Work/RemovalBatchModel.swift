import RollcallCore
import Testing

/// What ``WorkQueue`` has to know of each key, as plain facts.
///
/// Who was handed in with a batch belongs to it until that is decided, or the key has stayed in a turn that began after it
/// was handed in last, or the batch is abandoned and no turn is to come. A batch is read when no turn of its keys is to
/// come. The log waits for every turn, and for the decision over those that have ended without staying.
struct RemovalBatchModel {
  struct Turn {
    var priority: Priority
    var epoch: Epoch
    var batches: [RemovalBatch] = []
    var isLeaver = false
    /// Whether the log itself has asked for it, or a batch that has left the key to others.
    var isOwn = false

    mutating func merge(_ other: Turn?) {
      guard let other else { return }
      priority = min(priority, other.priority)
      epoch = min(epoch, other.epoch)
      batches += other.batches.filter { !batches.contains($0) }
      isLeaver = isLeaver || other.isLeaver
      isOwn = isOwn || other.isOwn
    }
  }

  struct Key {
    var belongs: Set<RemovalBatch> = []
    var plain: Set<RemovalBatch> = []
    /// The turn to come, or in flight; and the one after that.
    var turn: Turn?
    var next: Turn?
    var isInFlight = false
    var holder: RosterKey?
    /// Of its turns that have ended without staying.
    var owed: (epoch: Epoch, own: Priority?, isLeaver: Bool)?

    mutating func add(_ turn: Turn) {
      if isInFlight {
        next = next ?? turn
        next?.merge(turn)
        return
      }
      // Whoever becomes more urgent does not wait for a name.
      if let other = self.turn, turn.priority < other.priority { holder = nil }
      self.turn = self.turn ?? turn
      self.turn?.merge(turn)
    }

    mutating func askAgain() {
      guard let owed, let priority = owed.own else { return }
      add(Turn(priority: priority, epoch: owed.epoch, isLeaver: owed.isLeaver, isOwn: true))
    }

    mutating func leave(_ batch: RemovalBatch) {
      belongs.remove(batch)
      plain.remove(batch)
    }
  }

  var keys: [RosterKey: Key]
  var open: Set<RemovalBatch> = []
  var abandoned: Set<RemovalBatch> = []
  var current: Epoch = 0

  init(_ keys: [RosterKey]) { self.keys = Dictionary(uniqueKeysWithValues: keys.map { ($0, Key()) }) }

  mutating func add(
    _ key: RosterKey, _ priority: Priority, _ batch: RemovalBatch? = nil, isPlain: Bool = false, isLeaver: Bool = false
  ) {
    if let batch { join(key, batch, isPlain: isPlain) }
    keys[key]?.add(
      Turn(
        priority: priority, epoch: current, batches: batch.map { [$0] } ?? [], isLeaver: isLeaver,
        isOwn: priority <= .notification))
  }

  mutating func join(_ key: RosterKey, _ batch: RemovalBatch, isPlain: Bool) {
    if keys[key]?.belongs.insert(batch).inserted == false {
      if !isPlain { keys[key]?.plain.remove(batch) }
    } else if isPlain {
      keys[key]?.plain.insert(batch)
    }
  }

  mutating func markLeaver(_ key: RosterKey) {
    keys[key]?.turn?.isLeaver = true
    keys[key]?.next?.isLeaver = true
  }

  mutating func finish(_ name: RosterKey, stays: Bool) {
    guard var key = keys[name], let turn = key.turn else { return }
    let own = turn.isOwn ? turn.priority : nil
    key.owed = (
      min(key.owed?.epoch ?? turn.epoch, turn.epoch), [key.owed?.own, own].compactMap { $0 }.min(),
      key.owed?.isLeaver == true || turn.isLeaver
    )
    if !stays, !key.belongs.isDisjoint(with: abandoned) { key.askAgain() }
    key.turn = key.next
    key.next = nil
    key.isInFlight = false
    for batch in key.belongs where key.turn?.batches.contains(batch) != true && (stays || abandoned.contains(batch)) {
      key.leave(batch)
    }
    if stays || key.belongs.isEmpty { key.owed = nil }
    keys[name] = key
    wake(name)
  }

  mutating func putBack(_ name: RosterKey) {
    joinTurns(of: name)
    keys[name]?.isInFlight = false
    wake(name)
  }

  private mutating func joinTurns(of name: RosterKey) {
    let next = keys[name]?.next
    keys[name]?.turn?.merge(next)
    keys[name]?.next = nil
  }

  mutating func wait(_ name: RosterKey, for holder: RosterKey) {
    if name == holder { return putBack(name) }
    joinTurns(of: name)
    keys[name]?.isInFlight = false
    var ring = [name]
    var next: RosterKey? = holder
    while let member = next, member != name {
      ring.append(member)
      next = keys[member]?.holder
    }
    if next == name {
      for member in ring { keys[member]?.holder = nil }
      return
    }
    keys[name]?.holder = holder
    guard let turn = keys[name]?.turn else { return }
    add(holder, turn.priority, keys[holder]?.turn == nil ? turn.batches.last : nil)
  }

  private mutating func wake(_ holder: RosterKey) {
    for (name, key) in keys where key.holder == holder { keys[name]?.holder = nil }
  }

  mutating func decided(_ batch: RemovalBatch, again: [RosterKey]) {
    for name in again {
      let epoch = min(current, keys[name]?.owed?.epoch ?? current)
      keys[name]?.add(Turn(priority: .sweep, epoch: epoch))
    }
    open.remove(batch)
    for (name, key) in keys where key.belongs.contains(batch) {
      keys[name]?.leave(batch)
      // What it leaves to others they have to decide, or nobody does.
      if let owed = key.owed { keys[name]?.owed?.own = min(owed.own ?? .sweep, .sweep) }
      if keys[name]?.belongs.isEmpty == true { keys[name]?.owed = nil }
    }
  }

  mutating func abandon(_ batch: RemovalBatch) {
    open.remove(batch)
    abandoned.insert(batch)
    for (name, key) in keys where key.belongs.contains(batch) && key.turn == nil {
      keys[name]?.leave(batch)
      keys[name]?.askAgain()
      if keys[name]?.belongs.isEmpty == true { keys[name]?.owed = nil }
    }
  }

  /// What a queue says otherwise.
  func faults(of queue: WorkQueue, settled: Epoch) -> [String] {
    var faults: [String] = []
    func expect(_ isTrue: Bool, _ text: String) { if !isTrue { faults.append(text) } }
    let all = keys.values
    let epochs = all.compactMap(\.turn?.epoch) + all.compactMap(\.next?.epoch) + all.compactMap(\.owed?.epoch)
    expect(settled == min(epochs.min() ?? .max, current) - 1, "the log is settled up to \(settled) of \(epochs)")
    for (name, key) in keys.sorted(by: { $0.key < $1.key }) {
      let isLeaver = key.turn?.isLeaver == true || key.next?.isLeaver == true
      let deciding = isLeaver ? key.belongs.subtracting(key.plain) : key.belongs
      expect(Set(queue.removalBatches.of(name)) == key.belongs, "\(name) belongs to \(key.belongs)")
      expect(Set(queue.removalBatches.binding(name)) == key.belongs.subtracting(key.plain), "what binds \(name)")
      expect(Set(queue.decidingBatches(of: name)) == deciding, "\(deciding) decide on \(name)")
      expect(queue.contains(name) == (key.turn != nil), "\(name) is to be looked at: \(key.turn != nil)")
      expect(queue.isLeaver(name) == isLeaver, "\(name) leaves: \(isLeaver)")
    }
    for batch in open.union(abandoned) {
      let turns = (all.compactMap(\.turn) + all.compactMap(\.next)).count { $0.batches.contains(batch) }
      expect(queue.removalBatches.unplanned(in: batch) == turns, "batch \(batch) waits for \(turns) turns")
    }
    return faults
  }
}
