package import RollcallConfiguration

/// What two-phase commit means for notifications.
package enum TwoPhase {
  /// - Parameter most: the server's `max_prepared_transactions`.
  /// - Returns: nil where nothing can be prepared.
  package static func finding(_ most: Int) -> Finding? {
    guard most > 0 else { return nil }
    return Finding(
      .warning, "database",
      "two-phase commit is possible (max_prepared_transactions = \(most)), and who has notified cannot prepare: "
        + "writers notify only where rollcall.notify is on, and the change log is looked at every 50 ms",
      remedy: "max_prepared_transactions = 0 if nobody prepares, or ALTER ROLE … SET rollcall.notify = on for writers "
        + "that never do")
  }
}
