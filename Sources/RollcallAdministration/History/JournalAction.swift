internal import RollcallCore

/// The values of the journal's column `action`.
package enum JournalAction {
  /// Decisions of people and the daemon.
  private static let decisions = ["park", "hold", "release", "retry", "pin", "unpin", "undo", "erase"]

  /// Writes to the directory, and decisions.
  package static let all: [String] = Step.What.allCases.map(\.rawValue) + decisions

  /// Whether nothing is written to the directory.
  package static func isDecision(_ action: String) -> Bool { decisions.contains(action) }
}
