internal import Reactor
internal import RollcallCore
internal import RollcallLedger

extension GroupReferences {
  /// What has caused a look.
  struct Cause {
    var origin = Origin()
    var cause: JournalCause = .reconcile

    mutating func merge(_ other: Cause) {
      origin.merge(other.origin)
      cause = other.cause
    }
  }

  struct Failure {
    var problem: Problem
    var attempts = 0
    /// When it is tried again.
    var next: ContinuousClock.Instant
  }
}
