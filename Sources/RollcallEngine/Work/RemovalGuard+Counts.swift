internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// What is known besides the batches.
extension RemovalGuard {
  /// Whether the budget is switched off.
  var isOff: Bool { policy.most >= 100 }

  /// Whether a removal waits for a person.
  func isHeld(_ removal: Removal, _ kind: RemovalKind) -> Bool {
    state.held(removal.key, kind).map { !($0.isApproved && $0.action == removal.action) } ?? false
  }

  /// Those that decide on a key's removal: not the batches that a leaver is in for another reason.
  func decidingBatches(of key: RosterKey) -> [RemovalBatch] { dispatcher?.queue.decidingBatches(of: key) ?? [] }

  /// Whether no window of the log is known yet that decides on a key's removal.
  func isStrange(_ key: RosterKey) -> Bool {
    !decidingBatches(of: key).contains { isOfTheLog($0) } || dispatcher?.queue.isSaidToLeave(key) == true
  }

  /// Updates the count of managed entries.
  func applied(_ step: Step) {
    comparison.note(step)
    dispatcher?.counting.count(step)
    switch step.what {
    case .create, .adopt: count(1, .people)
    case .delete: count(-1, .people)
    case .join, .makeGroup: count(1, .memberships)
    case .leave: count(-1, .memberships)
    default: break
    }
  }

  private func count(_ change: Int, _ kind: RemovalKind) {
    managed[kind]? += change
    atLeast[kind]? += change
    if change < 0 { gone[kind, default: 0] -= change }
  }

  /// Counts managed entries up to about a limit: as many there are at least.
  func countSome(_ kind: RemovalKind, upTo limit: Int) async throws(EngineError) -> Int {
    let (before, since) = (gone[kind, default: 0], forgotten)
    let found = try await count(kind, limit)
    // Some of them may have been counted before they went.
    let certain = found - (gone[kind, default: 0] - before)
    if since == forgotten { atLeast[kind] = max(atLeast[kind] ?? 0, certain) }
    return found
  }

  /// Counts more of them beside, so that the next who leave need not wait for it.
  func countAhead(_ kind: RemovalKind) {
    guard !isCountingAhead, managed[kind] == nil, (atLeast[kind] ?? 0) <= Engine.fewEntries else { return }
    isCountingAhead = true
    Reactor.task {
      _ = try? await self.countSome(kind, upTo: Engine.fewEntries + 1)
      self.isCountingAhead = false
    }
  }

  /// Another process may have written meanwhile.
  func forgetCounts() {
    (managed, atLeast) = ([:], [:])
    forgotten += 1
  }
}
