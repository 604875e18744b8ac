internal import Glibc

/// The events that a descriptor is watched for, or is ready for.
public struct Interest: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  public static let readable = Interest(rawValue: 1)
  public static let writable = Interest(rawValue: 2)
}

/// A watched descriptor. Cancel it before the descriptor is closed, because its number is reused.
@Reactor
public final class Watch {
  let descriptor: Int32
  let handler: @Reactor (Interest) -> Void
  /// The requested events; empty pauses the watch.
  public var interest: Interest { didSet { if interest != oldValue { list?.changed() } } }
  private(set) var active = true
  private weak var list: WatchList?

  init(
    _ descriptor: Int32, _ interest: Interest, _ list: WatchList,
    _ handler: @escaping @Reactor (Interest) -> Void
  ) {
    self.descriptor = descriptor
    self.interest = interest
    self.handler = handler
    self.list = list
  }

  /// Ends the watch; its handler is not called again, not even for events of the current poll.
  public func cancel() {
    guard active else { return }
    active = false
    list?.changed()
  }
}

/// The descriptors of the loop, in the form that `poll(2)` expects.
@Reactor
final class WatchList {
  private var watches: [Watch] = []
  /// Element 0 is the wake-up pipe; element i + 1 belongs to `watches[i]` unless `stale`.
  private var polled: [pollfd]
  private var stale = false

  nonisolated init(waking: Int32) {
    polled = [pollfd(fd: waking, events: Int16(POLLIN), revents: 0)]
  }

  func add(_ descriptor: Int32, _ interest: Interest, _ handler: @escaping @Reactor (Interest) -> Void)
    -> Watch
  {
    let watch = Watch(descriptor, interest, self, handler)
    watches.append(watch)
    stale = true
    return watch
  }

  func changed() { stale = true }

  /// Waits up to `timeout` milliseconds (-1: forever) and returns whether any descriptor is ready.
  func poll(timeout: Int32) -> Bool {
    if stale { rebuild() }
    let count = unsafe Glibc.poll(&polled, nfds_t(polled.count), timeout)
    if count > 0 && polled[0].revents != 0 { drainWakeUps() }
    return count > 0
  }

  func callHandlers() {
    // A handler may add, change or cancel watches; the arrays of this poll do not change until the next.
    let found = watches
    for index in polled.indices.dropFirst() where polled[index].revents != 0 {
      let events = Int32(polled[index].revents)
      let watch = found[index - 1]
      guard watch.active else { continue }
      var ready: Interest = []
      // An error or a hang-up is detected by reading or writing, so it counts as the requested event.
      let failed = events & (POLLERR | POLLHUP | POLLNVAL) != 0
      if events & POLLIN != 0 || (failed && watch.interest.contains(.readable)) { ready.insert(.readable) }
      if events & POLLOUT != 0 || (failed && watch.interest.contains(.writable)) { ready.insert(.writable) }
      if !ready.isEmpty { watch.handler(ready) }
    }
  }

  private func rebuild() {
    watches.removeAll { !$0.active }
    polled.removeLast(polled.count - 1)
    for watch in watches {
      var events: Int32 = 0
      if watch.interest.contains(.readable) { events |= POLLIN }
      if watch.interest.contains(.writable) { events |= POLLOUT }
      // poll skips a negative descriptor: a paused watch must not spin on a hang-up.
      polled.append(
        pollfd(fd: watch.interest.isEmpty ? -1 : watch.descriptor, events: Int16(events), revents: 0))
    }
    stale = false
  }

  private func drainWakeUps() {
    var bytes: [UInt8] = Array(repeating: 0, count: 64)
    while unsafe read(polled[0].fd, &bytes, bytes.count) == bytes.count {}
  }
}
