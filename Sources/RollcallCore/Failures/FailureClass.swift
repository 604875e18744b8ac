/// What an LDAP failure means for the next step.
public enum FailureClass: String, Sendable, CaseIterable {
  /// The outcome of all operations in flight is unknown: reconnect and replay; no key loses an attempt.
  case connectionLost
  /// Retry with fewer operations in flight.
  case busy
  /// Retry a few times, then park the key; if many keys are affected at once, pause the directory.
  case ambiguous
  /// The entry was changed by somebody else: read it again by its link and plan again, once.
  case repairable
  /// Park the key at once; its row, the mapping or the schema must change.
  case ofTheEntry
  /// Pause the directory.
  case ofTheDirectory
  /// Park the key; if many keys are affected, pause the directory.
  case access
  /// A limit or index problem of a search: never an absence.
  case search
}
