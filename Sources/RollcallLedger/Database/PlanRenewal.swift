/// When the plans of a session's prepared statements are made anew.
///
/// PostgreSQL keeps a plan until the table is analyzed (its manual, PREPARE, "Notes"). One that was made while a
/// table had a few rows may read all of it for each batch later: of 64,000 people who were loaded into a new directory,
/// the last 8,000 took eight times as long as after the first autovacuum.
package struct PlanRenewal {
  /// Statements between two renewals: a few at first, since a small table grows fastest then.
  private static let first = 8
  private static let longest = 1024

  private var left = first
  private var interval = first

  package init() {}

  /// Counts a statement; true where the plans are to be made anew before it.
  package mutating func isDue() -> Bool {
    left -= 1
    guard left < 0 else { return false }
    interval = min(2 * interval, Self.longest)
    left = interval - 1
    return true
  }
}
