internal import DequeModule

/// How urgent a key is: what one HR write wants overtakes any backlog.
public enum Priority: Int, Sendable, Comparable, CaseIterable {
  case notification, retry, sweep, reconcile
  public static func < (a: Priority, b: Priority) -> Bool { a.rawValue < b.rawValue }
}

/// A set of keys whose removals are decided together, once all of it has been looked at.
public typealias Gathering = Int

/// Keys that one worker takes at once.
public struct Batch: Sendable, Equatable {
  public var keys: [RosterKey]
  public var priority: Priority

  public init(keys: [RosterKey], priority: Priority) {
    self.keys = keys
    self.priority = priority
  }
}

/// The keys that wait to be looked at: each in one place, each with one worker.
///
/// A key that is added while it is in flight is marked dirty and queued again when its worker ends, since the
/// worker may have read its row before the change. Every unsettled key belongs to the oldest ``Epoch`` in which
/// it was added: when all keys of an epoch and of those before it have settled, the watermark may pass it.
///
/// Pure policy: no clock, no I/O; who calls it decides when.
public struct WorkQueue: Sendable {
  private enum State: Equatable {
    case queued(ticket: Int)
    case inFlight
    /// Waits for the holder of a name that it wants.
    case waiting
  }

  private struct Touch {
    var priority: Priority
    var epoch: Epoch
    var gathering: Gathering?
  }

  private struct Item {
    var state: State
    var touch: Touch
    /// Set when the key was added again while in flight.
    var dirty: Touch?
    /// Holders that it has waited for already: it does not wait for the same one twice.
    var awaited: [RosterKey] = []
  }

  private var items: [RosterKey: Item] = [:]
  private var lanes: [Deque<(key: RosterKey, ticket: Int)>]
  private var groups: Deque<[RosterKey]> = []
  /// Who waits for whom, both ways round.
  private var holders: [RosterKey: RosterKey] = [:]
  private var waiters: [RosterKey: [RosterKey]] = [:]
  private var lastTicket = 0
  private var unplanned: [Gathering: Int] = [:]
  /// The log's stretches and what of them is unsettled.
  public var epochs = EpochLedger()

  public init() { lanes = Priority.allCases.map { _ in [] } }

  /// Keys that are not settled.
  public var backlog: Int { items.count }

  /// How many keys added with this gathering have not been looked at.
  public func unplanned(in gathering: Gathering) -> Int { unplanned[gathering] ?? 0 }

  public func contains(_ key: RosterKey) -> Bool { items[key] != nil }

  /// Whether a key has waited for this holder since it was added.
  public func hasAwaited(_ key: RosterKey, _ holder: RosterKey) -> Bool {
    items[key]?.awaited.contains(holder) ?? false
  }

  /// Notes that `key` has to be looked at.
  ///
  /// - Parameters:
  ///   - epoch: which must not settle before the key does; nil is the current one.
  ///   - gathering: where its removal is decided, should it need one; nil decides at once.
  public mutating func add(
    _ key: RosterKey, _ priority: Priority, epoch: Epoch? = nil, gathering: Gathering? = nil
  ) {
    let touch = Touch(priority: priority, epoch: epoch ?? epochs.current, gathering: gathering)
    guard var item = items[key] else {
      open(touch)
      items[key] = Item(state: .waiting, touch: touch)
      return enqueue(key)
    }
    if item.state == .inFlight {
      if let dirty = item.dirty {
        close(dirty)
        var merged = touch
        merged.priority = min(touch.priority, dirty.priority)
        merged.epoch = min(touch.epoch, dirty.epoch)
        merged.gathering = dirty.gathering
        item.dirty = merged
        open(merged)
      } else {
        item.dirty = touch
        open(touch)
      }
      items[key] = item
      return
    }
    if touch.epoch < item.touch.epoch { swapEpoch(&item.touch, to: touch.epoch) }
    let urgent = priority < item.touch.priority
    item.touch.priority = min(priority, item.touch.priority)
    items[key] = item
    if urgent, case .queued = item.state { enqueue(key) }
  }

  /// Whether a call of ``take(_:within:)`` would find something.
  public func hasWork(_ priorities: ClosedRange<Priority>) -> Bool {
    if priorities.contains(.notification), !groups.isEmpty { return true }
    return Priority.allCases.contains { priority in
      priorities.contains(priority)
        && lanes[priority.rawValue].contains { items[$0.key]?.state == .queued(ticket: $0.ticket) }
    }
  }

  /// The next keys, most urgent first, all of one priority; they are in flight from now on.
  ///
  /// A group of keys that contend for names comes alone and whole.
  public mutating func take(_ most: Int, within priorities: ClosedRange<Priority>) -> Batch? {
    if priorities.contains(.notification), let group = groups.popFirst() {
      for key in group { items[key]?.state = .inFlight }
      return Batch(keys: group, priority: .notification)
    }
    for priority in Priority.allCases where priorities.contains(priority) {
      var keys: [RosterKey] = []
      while keys.count < most, let next = lanes[priority.rawValue].popFirst() {
        // A key that has become more urgent, or was grouped, leaves its old place behind.
        guard items[next.key]?.state == .queued(ticket: next.ticket) else { continue }
        items[next.key]?.state = .inFlight
        keys.append(next.key)
      }
      if !keys.isEmpty { return Batch(keys: keys, priority: priority) }
    }
    return nil
  }

  /// The gathering in which this key's removal is to be decided, if not at once.
  public func gathering(of key: RosterKey) -> Gathering? { items[key]?.touch.gathering }

  /// Ends a key's turn: settled, or queued again if it was touched meanwhile. Who waited for it is woken.
  public mutating func finish(_ key: RosterKey) {
    guard let item = items[key] else { return }
    close(item.touch)
    if let dirty = item.dirty {
      items[key] = Item(state: .waiting, touch: dirty)
      enqueue(key)
    } else {
      items[key] = nil
    }
    wakeWaiters(of: key)
  }

  /// Puts an in-flight key back unsettled, because its turn came to nothing (the directory was lost).
  ///
  /// - Parameter demoted: its urgency from now on, if it is to wait behind others; nil leaves it.
  public mutating func putBack(_ key: RosterKey, demoted: Priority? = nil) {
    guard var item = items[key] else { return }
    if let demoted { item.touch.priority = demoted }
    if let dirty = item.dirty {
      // What was added meanwhile is one with the key's turn again: the older epoch waits for both.
      item.touch.priority = min(item.touch.priority, dirty.priority)
      if dirty.epoch < item.touch.epoch { swapEpoch(&item.touch, to: dirty.epoch) }
      close(dirty)
      item.dirty = nil
    }
    items[key] = item
    enqueue(key)
    wakeWaiters(of: key)
  }

  private mutating func swapEpoch(_ touch: inout Touch, to epoch: Epoch) {
    epochs.enter(epoch)
    epochs.leave(touch.epoch)
    touch.epoch = epoch
  }

  /// Lets an in-flight key wait until `holder`, who has a name that it wants, has been looked at afresh.
  ///
  /// The holder is queued if it is not. Where the wait would close a ring, the ring's keys become a group
  /// that is taken whole, so nobody waits for ever.
  public mutating func wait(_ key: RosterKey, for holder: RosterKey) {
    guard let item = items[key], key != holder else { return putBack(key) }
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
    add(holder, item.touch.priority, gathering: items[holder] == nil ? item.touch.gathering : nil)
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
    if let gathering = touch.gathering { unplanned[gathering, default: 0] += 1 }
  }

  private mutating func close(_ touch: Touch) {
    epochs.leave(touch.epoch)
    guard let gathering = touch.gathering, let count = unplanned[gathering] else { return }
    unplanned[gathering] = count > 1 ? count - 1 : nil
  }
}
