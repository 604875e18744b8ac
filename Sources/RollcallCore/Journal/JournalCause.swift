/// What has brought a key whose entry was written: the words of the journal's column `cause`.
public enum JournalCause: String, Sendable {
  case notification, sweep, retry, reconcile
  /// A person has approved it.
  case release
  /// A person has taken something back.
  case undo

  /// - Parameters:
  ///   - priority: of the key.
  ///   - origin: a single change is as urgent where the log alone has told it.
  public init(_ priority: Priority, _ origin: Origin) {
    self =
      switch priority {
      case _ where origin.isReleased: .release
      case .notification: origin.isHeard ? .notification : .sweep
      case .retry: .retry
      case .sweep: .sweep
      case .reconcile: .reconcile
      }
  }
}
