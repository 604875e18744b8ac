internal import DequeModule

/// The keys that wait to be looked at: each in one place, each with one worker.
///
/// A key that is added while it is in flight is marked dirty and queued again when its worker ends, since the
/// worker may have read its row before the change. Every unsettled key belongs to the oldest ``Epoch`` in which
/// it was added: when all keys of an epoch and of those before it have settled, the watermark may pass it.
/// A key that is added with a ``RemovalBatch`` belongs to it until the batch is decided, whatever adds it meanwhile.
///
/// Pure policy: no clock, no I/O; the caller decides when.
public struct WorkQueue: Sendable {
  enum State: Equatable {
    case queued(ticket: Int)
    case inFlight
    /// Waits for the holder of a name that it wants.
    case waiting
  }

  struct Touch {
    var priority: Priority
    var epoch: Epoch
    /// The removal batches that wait for this turn.
    var removalBatches: [RemovalBatch] = []
    /// Whether the log has marked a change of this key as urgent.
    var isLeaver = false
    /// Whether more than the batches has asked for it (``Owed``).
    var isOwn = false
  }

  struct Item {
    var state: State
    var touch: Touch
    /// Set when the key was added again while in flight.
    var dirty: Touch?
    /// Holders that it has already waited for: it does not wait twice for the same one.
    var awaited: [RosterKey] = []
  }

  var items: [RosterKey: Item] = [:]
  private var lanes: [Deque<(key: RosterKey, ticket: Int)>]
  private var groups: Deque<[RosterKey]> = []
  /// The holder that each key waits for, and the keys that wait for each holder.
  private var holders: [RosterKey: RosterKey] = [:]
  private var waiters: [RosterKey: [RosterKey]] = [:]
  private var lastTicket = 0
  /// The keys whose turns have ended while a batch has yet to decide on their removal.
  var owed: [RosterKey: Owed] = [:]
  /// The keys whose removals are decided together.
  public internal(set) var removalBatches = RemovalBatchBook()
  /// The epochs of the log and their unsettled work.
  public var epochs = EpochLedger()

  public init() { lanes = Priority.allCases.map { _ in [] } }

  /// Keys that are not settled.
  public var backlog: Int { items.count }

  /// The same, including keys whose removal a batch has yet to decide.
  public var unsettled: Int { items.count + owed.count }

  /// How many of them there are of each priority.
  public var waiting: [Priority: Int] {
    items.values.reduce(into: [:]) { $0[$1.touch.priority, default: 0] += 1 }
  }

  public func contains(_ key: RosterKey) -> Bool { items[key] != nil }

  /// Keys that are being worked on.
  public var inFlight: [RosterKey] { items.filter { $0.value.state == .inFlight }.map(\.key) }

  /// Whether a key has waited for this holder since it was added.
  public func hasAwaited(_ key: RosterKey, _ holder: RosterKey) -> Bool {
    items[key]?.awaited.contains(holder) ?? false
  }

  /// Adds a key to be looked at.
  ///
  /// - Parameters:
  ///   - epoch: the epoch that must not settle before the key does; nil is the current one.
  ///   - removalBatch: the batch with which its removal, if any, is decided; nil leaves that as it is.
  ///   - isPlain: whether the change with which it joins that batch takes nobody's access away, see
  ///     ``RemovalBatchBook``.
  ///   - isLeaver: whether the log has marked the change as urgent.
  public mutating func add(
    _ key: RosterKey, _ priority: Priority, epoch: Epoch? = nil, removalBatch: RemovalBatch? = nil,
    isPlain: Bool = false, isLeaver: Bool = false
  ) {
    if let removalBatch { removalBatches.join(key, removalBatch, isPlain: isPlain) }
    add(
      key,
      Touch(
        priority: priority, epoch: epoch ?? epochs.current, removalBatches: removalBatch.map { [$0] } ?? [],
        isLeaver: isLeaver, isOwn: priority <= .notification))
  }

  mutating func add(_ key: RosterKey, _ touch: Touch) {
    guard var item = items[key] else {
      open(touch)
      items[key] = Item(state: .waiting, touch: touch)
      return enqueue(key)
    }
    if item.state == .inFlight {
      if var dirty = item.dirty {
        merge(touch, into: &dirty)
        item.dirty = dirty
      } else {
        item.dirty = touch
        open(touch)
      }
      items[key] = item
      return
    }
    let urgent = touch.priority < item.touch.priority
    merge(touch, into: &item.touch)
    items[key] = item
    if urgent { hurry(key) }
  }

  /// Queues a key anew that has become more urgent. If it waits for a holder it is looked at again, because its row may
  /// no longer want the name: somebody who leaves does not wait for one.
  private mutating func hurry(_ key: RosterKey) {
    switch items[key]?.state {
    case .queued?: enqueue(key)
    case .waiting?:
      guard let holder = holders.removeValue(forKey: key) else { return }
      waiters[holder]?.removeAll { $0 == key }
      items[key]?.awaited.removeAll { $0 == holder }
      enqueue(key)
    case .inFlight?, nil: break
    }
  }

  /// Whether a call of ``take(_:within:)`` would return keys.
  public func hasWork(_ priorities: ClosedRange<Priority>) -> Bool {
    if priorities.contains(.notification), !groups.isEmpty { return true }
    return Priority.allCases.contains { priority in
      priorities.contains(priority)
        && lanes[priority.rawValue].contains { items[$0.key]?.state == .queued(ticket: $0.ticket) }
    }
  }

  /// The next keys, most urgent first, all of one priority; they are in flight from now on.
  ///
  /// A group of keys that contend for names is returned whole and alone.
  public mutating func take(_ most: Int, within priorities: ClosedRange<Priority>) -> Batch? {
    for priority in Priority.allCases where priorities.contains(priority) {
      if priority == .notification, let group = groups.popFirst() {
        for key in group { items[key]?.state = .inFlight }
        return Batch(keys: group, priority: .notification)
      }
      var keys: [RosterKey] = []
      while keys.count < most, let next = lanes[priority.rawValue].popFirst() {
        // A key that has become more urgent, or was grouped, leaves a stale place in the lane.
        guard items[next.key]?.state == .queued(ticket: next.ticket) else { continue }
        items[next.key]?.state = .inFlight
        keys.append(next.key)
      }
      if !keys.isEmpty { return Batch(keys: keys, priority: priority) }
    }
    return nil
  }

  /// Ends a key's turn: it is settled, or queued again if it was touched meanwhile. Its waiters are woken.
  ///
  /// - Parameter staying: whether it no longer needs a removal, so that no removal batch decides on it.
  public mutating func finish(_ key: RosterKey, staying: Bool = false) {
    guard let touch = items[key]?.touch else { return }
    owe(touch, key)
    if !staying, removalBatches.isWithheldByAbandoned(key) { askAgain(key) }
    for removalBatch in touch.removalBatches { removalBatches.end(turnIn: removalBatch) }
    let dirty = items[key]?.dirty
    removalBatches.ended(key, staying: staying, next: dirty?.removalBatches ?? [])
    if staying || removalBatches.of(key).isEmpty { payBack(key) }
    if let dirty {
      items[key] = Item(state: .waiting, touch: dirty)
      enqueue(key)
    } else {
      items[key] = nil
    }
    wakeWaiters(of: key)
  }

  /// Adds a key that another source has queued to a removal batch.
  public mutating func join(_ key: RosterKey, _ removalBatch: RemovalBatch, isPlain: Bool = false) {
    removalBatches.join(key, removalBatch, isPlain: isPlain)
  }

  /// Ends a removal batch that is decided.
  ///
  /// - Parameters:
  ///   - keys: keys to look at again because of the decision.
  ///   - epoch: the epoch that must not settle before they do.
  public mutating func decided(_ removalBatch: RemovalBatch, again keys: [RosterKey] = [], epoch: Epoch? = nil) {
    let epoch = epoch ?? epochs.current
    for key in keys { add(key, .sweep, epoch: min(epoch, owed[key]?.epoch ?? epoch)) }
    for key in removalBatches.end(removalBatch) { owed[key]?.ask(.sweep) }
    payBackDecided()
  }

  /// Ends a removal batch that will never be decided. Its keys that are still to be looked at stay withheld: its
  /// successor finds them again. Those for which something else has asked besides are looked at again: nobody else
  /// would find them for that.
  public mutating func abandon(_ removalBatch: RemovalBatch) {
    for key in removalBatches.abandon(removalBatch, isOpen: { items[$0] != nil }) { askAgain(key) }
    payBackDecided()
  }

  /// Puts an in-flight key back unsettled, because its turn was cut short (the directory was lost).
  ///
  /// - Parameter demoted: its new priority, if it is to wait behind others; nil leaves it.
  public mutating func putBack(_ key: RosterKey, demoted: Priority? = nil) {
    guard items[key] != nil else { return }
    if let demoted { items[key]?.touch.priority = demoted }
    joinTurns(of: key)
    enqueue(key)
    wakeWaiters(of: key)
  }

  /// Joins what was added meanwhile with the key's turn: the older epoch and all removal batches wait for both.
  private mutating func joinTurns(of key: RosterKey) {
    guard var item = items[key], let dirty = item.dirty else { return }
    merge(dirty, into: &item.touch)
    close(dirty)
    item.dirty = nil
    items[key] = item
  }

  /// Merges two touches: the higher priority, the older epoch, and the removal batches of both.
  private mutating func merge(_ other: Touch, into touch: inout Touch) {
    touch.priority = min(touch.priority, other.priority)
    touch.isLeaver = touch.isLeaver || other.isLeaver
    touch.isOwn = touch.isOwn || other.isOwn
    if other.epoch < touch.epoch {
      epochs.enter(other.epoch)
      epochs.leave(touch.epoch)
      touch.epoch = other.epoch
    }
    for removalBatch in other.removalBatches where !touch.removalBatches.contains(removalBatch) {
      touch.removalBatches.append(removalBatch)
      removalBatches.begin(removalBatch)
    }
  }

  /// Lets an in-flight key wait until `holder`, which has a name that it wants, has been looked at again.
  ///
  /// The holder is queued if it is not. If the wait would close a cycle, the keys of the cycle become a group that is
  /// taken as a whole, so that no key waits forever.
  public mutating func wait(_ key: RosterKey, for holder: RosterKey) {
    if key == holder { return putBack(key) }
    joinTurns(of: key)
    guard let item = items[key] else { return }
    var ring = [key]
    var next: RosterKey? = holder
    while let member = next, member != key {
      ring.append(member)
      next = holders[member]
    }
    if next == key {
      for member in ring {
        holders[member] = nil
        items[member]?.state = .waiting
      }
      for member in ring { waiters[member]?.removeAll { ring.contains($0) } }
      groups.append(ring)
      return
    }
    items[key]?.state = .waiting
    items[key]?.awaited.append(holder)
    holders[key] = holder
    waiters[holder, default: []].append(key)
    add(holder, item.touch.priority, removalBatch: items[holder] == nil ? item.touch.removalBatches.last : nil)
  }

  private mutating func wakeWaiters(of holder: RosterKey) {
    for key in waiters.removeValue(forKey: holder) ?? [] where holders[key] == holder {
      holders[key] = nil
      enqueue(key)
    }
  }

  private mutating func enqueue(_ key: RosterKey) {
    guard let priority = items[key]?.touch.priority else { return }
    lastTicket += 1
    items[key]?.state = .queued(ticket: lastTicket)
    lanes[priority.rawValue].append((key, lastTicket))
  }

  private mutating func open(_ touch: Touch) {
    epochs.enter(touch.epoch)
    for removalBatch in touch.removalBatches { removalBatches.begin(removalBatch) }
  }

  private mutating func close(_ touch: Touch) {
    epochs.leave(touch.epoch)
    for removalBatch in touch.removalBatches { removalBatches.end(turnIn: removalBatch) }
  }
}
