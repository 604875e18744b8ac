internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Pinned keys, and keys that want what these have.
extension Worker {
  /// Marks the pinned subjects of a survey.
  func markPinned(_ survey: inout Survey, _ keys: [RosterKey]) {
    survey.pinned = Set(keys.filter(state.pins.contains)).subtracting(survey.postponed)
    if survey.pinned.isEmpty { return }
    for index in survey.subjects.indices where survey.pinned.contains(survey.subjects[index].key) {
      survey.subjects[index].isPinned = true
    }
  }

  /// Records the removals that pins prevent; no batch decides on them.
  func notePins(_ survey: Survey, _ plan: Plan) async throws(EngineError) {
    if survey.pinned.isEmpty { return }
    removalGuard.keep(Array(survey.pinned))
    removalGuard.keep(Array(survey.pinned), .memberships)
    try await state.pins.note(plan.pinnedRemovals, of: plan.pinned.keys)
  }

  /// The verdict for a key that another one blocks: it is parked if that one is pinned or waits for a pinned one; nil
  /// if it does not.
  func waitForPin(_ key: RosterKey, _ blocker: Blocker) -> Verdict? {
    guard let pinned = pin(behind: blocker.key) else { return nil }
    let problem = Problem.pinned(
      key, wants: blocker.resource, of: blocker.key, at: blocker.dn, pinned: pinned)
    return .parked(problem, attempts: 1, retryAfter: nil)
  }

  /// Waits for a key that is equal for the directory, unless that one is pinned.
  func wait(_ key: RosterKey, for holder: RosterKey) -> Verdict {
    guard let pinned = pin(behind: holder) else { return .waits(for: holder) }
    let problem = Problem(
      .pinned, "key \(key): the entry that it is to have belongs to key \(holder), which is pinned", blocks: pinned.text
    )
    return .parked(problem, attempts: 1, retryAfter: nil)
  }

  private func pin(behind key: RosterKey) -> RosterKey? {
    if state.pins.contains(key) { return key }
    return state.awaitedPin(of: key)
  }
}
