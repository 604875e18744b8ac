/// Why a key was looked at whose entry was written; the values of the journal's column `cause`.
public enum JournalCause: String, Sendable {
  case notification, sweep, retry, reconcile
  /// A date has passed.
  case due
  /// A person has approved it.
  case release
  /// A person has undone a change.
  case undo

  /// - Parameters:
  ///   - priority: the key's priority.
  ///   - origin: the key's origin; a single change that only the log reported is as urgent as a notification.
  public init(_ priority: Priority, _ origin: Origin) {
    self =
      switch priority {
      case _ where origin.isReleased: .release
      case .leaver, .notification: origin.isHeard ? .notification : .sweep
      // A few rows whose dates have passed, or whom another table's row concerns, go ahead of bulk work.
      case .retry: origin.isDue ? .due : origin.isIndirect ? .sweep : .retry
      case .sweep: .sweep
      case .due: .due
      case .reconcile: .reconcile
      }
  }
}
