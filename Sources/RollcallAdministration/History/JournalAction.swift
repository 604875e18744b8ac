/// The words of the journal's column `action`.
package enum JournalAction {
  /// What is written to the directory, and what people and the daemon decide.
  package static let all: [String] = [
    "create", "update", "rename", "move", "temporary-rename", "disable", "enable", "delete", "remove-twin", "adopt",
    "password", "join", "leave", "follow", "make-group", "drop-group", "make-container", "park", "hold", "release",
    "retry", "pin", "unpin", "undo", "erase",
  ]
}
