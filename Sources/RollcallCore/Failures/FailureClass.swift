/// What an LDAP failure means for what to do next.
public enum FailureClass: String, Sendable, CaseIterable {
  /// The outcome of all in flight is unknown: new connection, replay; no key loses an attempt.
  case connectionLost
  /// Try again, with less in flight.
  case busy
  /// A few tries, then set the key aside; from many keys at once, pause the directory.
  case ambiguous
  /// Somebody else was there: read the entry again by its link and plan again, once.
  case repairable
  /// Set the key aside at once; its row, the mapping or the schema must change.
  case ofTheEntry
  /// Pause the directory.
  case ofTheDirectory
  /// Set the key aside; from many keys, pause the directory.
  case access
  /// A limit or index problem of a search: never an absence.
  case search
}
