internal import RollcallCore

/// The words of the journal's column `action`.
package enum JournalAction {
  /// What people and the daemon decide.
  private static let decisions = ["park", "hold", "release", "retry", "pin", "unpin", "undo", "erase"]

  /// What is written to the directory, and what is decided.
  package static let all: [String] = Step.What.allCases.map(\.rawValue) + decisions

  /// Whether nothing is written to the directory.
  static func isDecision(_ action: String) -> Bool { decisions.contains(action) }
}
