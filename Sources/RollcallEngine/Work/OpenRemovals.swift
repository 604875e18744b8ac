internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// The removals of a batch that has not been decided.
struct OpenRemovals {
  var removals: [RemovalKind: [RosterKey: Removal]] = [:]
  /// Why it holds every removal, regardless of the budget; nil if the budget decides.
  var holding: RemovalBudget.Reason?
  /// A window of the log, which has itself named all its keys.
  var isOfTheLog: Bool

  @Reactor
  func held(_ kind: RemovalKind, _ state: LedgerState) -> [RosterKey] {
    (removals[kind] ?? [:]).keys.filter { state.held($0, kind) != nil }
  }
}
