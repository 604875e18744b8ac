internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Journal rows that are not written by a pass.
extension Engine {
  /// Records held removals in the journal.
  func recordHeld(_ removals: [Removal], _ reason: RemovalBudget.Reason) async throws(EngineError) {
    let now = ContinuousClock.now
    try await journal.write(
      removals.map { removal in
        var row = JournalRow("hold", .done, key: removal.key, dn: removal.dn.text, at: now)
        row.origin = dispatcher.originsInFlight[removal.key] ?? dispatcher.origins[removal.key] ?? Origin()
        row.message = "\(removal.action.rawValue): \(reason.explanation)"
        return row
      })
  }
}
