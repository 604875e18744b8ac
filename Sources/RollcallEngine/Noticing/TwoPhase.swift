package import RollcallConfiguration

/// The effect of two-phase commit on notifications.
package enum TwoPhase {
  /// - Parameter most: the server's `max_prepared_transactions`.
  /// - Returns: nil if transactions cannot be prepared.
  package static func finding(_ most: Int) -> Finding? {
    guard most > 0 else { return nil }
    return Finding(
      .warning, "database",
      "two-phase commit is enabled (max_prepared_transactions = \(most)), and a transaction that has notified "
        + "cannot be prepared: writers notify only if rollcall.notify is on, and the change log is polled every 50 ms",
      remedy: "set max_prepared_transactions = 0 if nobody prepares transactions, or ALTER ROLE … "
        + "SET rollcall.notify = on for writers that never do")
  }
}
