internal import HeapModule

/// A call that is due at a given time; see ``EventLoop/after(_:_:)``.
@Reactor
public final class Timer {
  private var handler: (@Reactor () -> Void)?
  private weak var queue: TimerQueue?

  init(_ queue: TimerQueue, _ handler: @escaping @Reactor () -> Void) {
    self.queue = queue
    self.handler = handler
  }

  var isCancelled: Bool { handler == nil }

  func fire() {
    let handler = self.handler
    self.handler = nil
    handler?()
  }

  /// Cancels the call; does nothing if it was already made.
  public func cancel() {
    guard handler != nil else { return }
    handler = nil
    queue?.noteCancelled()
  }
}

/// The timers of the loop, earliest first.
@Reactor
final class TimerQueue {
  private struct Item: Comparable {
    let deadline: ContinuousClock.Instant
    let number: UInt64
    let timer: Timer
    static func < (a: Item, b: Item) -> Bool { (a.deadline, a.number) < (b.deadline, b.number) }
    static func == (a: Item, b: Item) -> Bool { a.number == b.number }
  }

  private var heap = Heap<Item>()
  private var number: UInt64 = 0
  private var cancelled = 0

  nonisolated init() {}

  func add(_ deadline: ContinuousClock.Instant, _ handler: @escaping @Reactor () -> Void) -> Timer {
    let timer = Timer(self, handler)
    number += 1
    heap.insert(Item(deadline: deadline, number: number, timer: timer))
    return timer
  }

  /// Cancelled timers stay until they would be due, unless they become most of the heap.
  func noteCancelled() {
    cancelled += 1
    if cancelled > 64 && cancelled > heap.count / 2 {
      heap = Heap(heap.unordered.filter { !$0.timer.isCancelled })
      cancelled = 0
    }
  }

  /// Milliseconds until the next timer, rounded up so that the loop does not spin; -1 if there is none.
  func millisecondsUntilNext() -> Int32 {
    while let next = heap.min, next.timer.isCancelled { dropFirst() }
    guard let next = heap.min else { return -1 }
    let (seconds, attoseconds) = (next.deadline - ContinuousClock.now).components
    if seconds < 0 || attoseconds < 0 { return 0 }
    let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: min(milliseconds, 3_600_000))
  }

  func fireDue() {
    guard let first = heap.min else { return }
    let now = ContinuousClock.now
    guard first.deadline <= now else { return }
    while let next = heap.min, next.deadline <= now {
      let timer = next.timer
      dropFirst()
      timer.fire()
    }
  }

  private func dropFirst() {
    if heap.removeMin().timer.isCancelled { cancelled -= 1 }
  }
}
