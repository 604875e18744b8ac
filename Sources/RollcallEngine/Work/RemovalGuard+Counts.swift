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
    case .create, .adopt: managed[.people] = managed[.people].map { $0 + 1 }
    case .delete: managed[.people] = managed[.people].map { $0 - 1 }
    case .join, .makeGroup: managed[.memberships] = managed[.memberships].map { $0 + 1 }
    case .leave: managed[.memberships] = managed[.memberships].map { $0 - 1 }
    default: break
    }
  }
}
