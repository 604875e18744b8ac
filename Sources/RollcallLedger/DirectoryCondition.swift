/// How a directory is, in the words that `status` shows.
package struct DirectoryCondition: Sendable, Equatable {
  package var state: String
  package var reason: String?

  /// Keys flow; the reason says what is under way besides.
  package static func connected(_ reason: String?) -> DirectoryCondition {
    DirectoryCondition(state: "connected", reason: reason)
  }

  /// A daemon has ended because it was told to.
  package static let stopped = DirectoryCondition(state: "stopped", reason: nil)

  /// A side cannot answer, and nothing is done until it can.
  package static func paused(_ reason: String) -> DirectoryCondition {
    DirectoryCondition(state: "paused", reason: reason)
  }

  /// It refuses one key after another, and single keys are tried.
  package static func refusing(_ reason: String) -> DirectoryCondition {
    DirectoryCondition(state: "refusing", reason: reason)
  }

  /// Whether it is the database that cannot do its part, as ``EngineError`` words it.
  package static func isOfDatabase(_ reason: String?) -> Bool { reason?.hasPrefix("PostgreSQL: ") == true }
}
