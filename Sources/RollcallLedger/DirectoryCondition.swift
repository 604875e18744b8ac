/// The state of a directory, in the words that `status` shows.
package struct DirectoryCondition: Sendable, Equatable {
  package var state: String
  package var reason: String?

  /// Keys are being processed; the reason describes other work in progress.
  package static func connected(_ reason: String?) -> DirectoryCondition {
    DirectoryCondition(state: "connected", reason: reason)
  }

  /// The daemon has ended on request.
  package static let stopped = DirectoryCondition(state: "stopped", reason: nil)

  /// A side does not answer, and work waits until it does.
  package static func paused(_ reason: String) -> DirectoryCondition {
    DirectoryCondition(state: "paused", reason: reason)
  }

  /// The directory refuses key after key, and keys are tried one at a time.
  package static func refusing(_ reason: String) -> DirectoryCondition {
    DirectoryCondition(state: "refusing", reason: reason)
  }

  /// Whether the database is at fault, in the wording of ``EngineError``.
  package static func isOfDatabase(_ reason: String?) -> Bool { reason?.hasPrefix("PostgreSQL: ") == true }
}
