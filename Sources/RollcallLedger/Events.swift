package import Reactor
package import RollcallCore

/// Delivers events to subscribers in the order in which they happen.
@Reactor
package final class Events {
  private var listeners: [(number: Int, body: @Reactor (Event) -> Void)] = []
  private var last = 0

  package init() {}

  /// - Returns: the subscriber's number, for ``unsubscribe(_:)``.
  @discardableResult
  package func subscribe(_ listener: @escaping @Reactor (Event) -> Void) -> Int {
    last += 1
    listeners.append((last, listener))
    return last
  }

  package func unsubscribe(_ number: Int) { listeners.removeAll { $0.number == number } }

  package func emit(_ event: Event) {
    for listener in listeners { listener.body(event) }
  }
}
