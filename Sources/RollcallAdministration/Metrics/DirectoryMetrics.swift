package import RollcallCore

/// What is measured of one directory, as it stands in PostgreSQL: it can be read while the daemon is down.
package struct DirectoryMetrics: Sendable {
  package var name: String
  package var version = ""
  /// `openldap`, `389ds` or `ad`; empty before the first connection.
  package var kind = ""
  /// Where ``Counters/lag`` begins: `commit`, or `trigger` where PostgreSQL does not keep the times of commits.
  package var lagFrom = ""
  /// Whether a process leads it.
  package var isLed = false
  /// Whether that process is connected to the directory.
  package var isUp = false
  /// The database's clock when this was read.
  package var now = 0.0
  /// All times in seconds since 1970, by the database's clock; 0 for never.
  package var watermark = 0.0
  /// When the oldest change was made that has not settled; now where all have.
  package var oldestUnsettled = 0.0
  package var reconciled = 0.0
  /// How long the last comparison took, in seconds.
  package var reconcileDuration = 0.0
  package var counters = Counters()
  package var queue: [Priority: Int] = [:]
  /// Changes of the log that it has not settled; beyond ``mostChanges`` they are not counted.
  package var logChanges = 0
  /// By reason.
  package var parked: [String: Int] = [:]
  /// By action.
  package var held: [String: Int] = [:]
  package var pinned = 0
  package var managed = 0
  /// How many more entries may be removed now.
  package var budget = 0
  /// Rows of the journal that each follower has not taken; beyond ``mostRows`` they are not counted.
  package var followers: [(name: String, pending: Int)] = []

  package static let mostChanges = 1_000_000
  package static let mostRows = 10_000

  package init(name: String) { self.name = name }

  /// How many keys are parked, for whatever reason.
  package var allParked: Int { parked.values.reduce(0, +) }
  package var allHeld: Int { held.values.reduce(0, +) }
}
