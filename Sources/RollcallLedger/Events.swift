package import Reactor
package import RollcallCore

/// Hands what happens to whoever is interested, in the order in which it happens.
@Reactor
package final class Events {
  private var listeners: [@Reactor (Event) -> Void] = []

  package init() {}

  package func subscribe(_ listener: @escaping @Reactor (Event) -> Void) { listeners.append(listener) }

  package func emit(_ event: Event) {
    for listener in listeners { listener(event) }
  }
}
