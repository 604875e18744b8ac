package import Reactor
package import RollcallCore

/// The pinned keys, cached in memory: nothing is written for them.
@Reactor
package final class PinBook {
  private let ledger: Ledger
  private var pins: [RosterKey: Pin] = [:]
  /// A condition on the log's `source` that selects the changes of this directory.
  package var sources: @Reactor () -> String = { "true" }
  /// Called with keys whose pins have ended because their rows have changed.
  package var onChanged: (@Reactor ([RosterKey]) -> Void)?

  init(_ ledger: Ledger) { self.ledger = ledger }

  /// Reads the pins again.
  package func load() async throws(EngineError) { pins = try await ledger.pins() }

  package var keys: [RosterKey] { Array(pins.keys) }

  package func contains(_ key: RosterKey) -> Bool { pins[key] != nil }

  package subscript(_ key: RosterKey) -> Pin? { pins[key] }

  /// The time until the next pin expires; nil if none does.
  package var nextEnd: Duration? {
    pins.values.compactMap(\.remaining).min().map { .seconds(max(0, $0)) }
  }

  /// Ends the pins of keys whose rows have changed since they were pinned; call it before the keys are looked at, so
  /// that no change that ends a pin counts as settled.
  package func endChanged(_ keys: [RosterKey]) async throws(EngineError) {
    let conditional = self.conditional(keys)
    if conditional.isEmpty { return }
    let ended = try await ledger.endChangedPins(conditional, sources: sources())
    for key in ended { pins[key] = nil }
    if !ended.isEmpty { onChanged?(ended) }
  }

  /// Ignores the pins that a daemon would end because of such a change; the ledger keeps them.
  package func overlookChanged() async throws(EngineError) {
    let conditional = self.conditional(keys)
    if conditional.isEmpty { return }
    for key in try await ledger.changedPins(conditional, sources: sources()) { pins[key] = nil }
  }

  private func conditional(_ keys: [RosterKey]) -> [RosterKey] {
    pins.isEmpty ? [] : keys.filter { pins[$0]?.endsWithChange == true }
  }

  /// Records the removals that pins prevent.
  ///
  /// - Parameter keys: all keys that were looked at.
  package func note(_ removals: [Removal], of keys: some Collection<RosterKey>) async throws(EngineError) {
    if keys.isEmpty { return }
    let actions = Dictionary(removals.map { ($0.key, $0.action) }) { $1 }
    let news = keys.filter { key in pins[key].map { $0.removal != actions[key] } ?? false }
    try await ledger.note(pinnedRemovals: news.map { ($0, actions[$0]) })
    for key in news { pins[key]?.removal = actions[key] }
  }
}
