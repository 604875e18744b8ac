public import LDAPModel

/// Something that happened to a directory.
///
/// Each event is emitted at one place, where it happens, and does not depend on who receives it: the log is one
/// rendering of it. Only ``applied(_:after:isBulk:)`` contains values of attributes, in its step.
public enum Event: Sendable {
  // MARK: People

  /// The directory has confirmed a step.
  ///
  /// - Parameters:
  ///   - after: the time since the key's notification; nil without one.
  ///   - isBulk: whether it is part of bulk work.
  case applied(Step, after: Duration?, isBulk: Bool)
  /// A batch has ended; `waiting` keys are queued or in flight.
  case batchEnded(waiting: Int)
  /// A key was parked; `isNews` is false if the same problem was reported for it before.
  case parked(RosterKey, Problem, isNews: Bool)
  /// Removals are held until a person decides.
  case held([Removal], RemovalBudget.Reason)
  /// A person has released removals or takeovers.
  case released([RosterKey], isTakeover: Bool)
  /// Nothing is written for these keys until they are unpinned.
  case pinned([RosterKey])
  case unpinned([RosterKey])
  /// Many keys in a row were refused, so keys are tried one at a time.
  case breakerOpened(Problem)
  case breakerClosed
  /// The mapping failed for every row and works again.
  case mappingWorks

  // MARK: Full comparisons

  case comparing(because: String)
  case comparisonDeferred(because: String, Duration)
  case compared(entries: Int, in: Duration)
  /// It is retried later.
  case comparisonFailed(String)

  // MARK: Leading

  /// Work has begun. `isFirst` is false if this process has led before and lost the lock.
  case leading(directory: String, isFirst: Bool)
  case standingBy
  /// A command has the leading process do its work.
  case askingLeader
  /// The previous leader did not shut down cleanly.
  case tookOver(from: String)
  /// The lock is held by a role that may not lead; another lock number is used.
  case lockHeldByStranger(holder: String, fix: String)
  /// Work has stopped.
  case paused(because: String)
  case resumed(after: Duration)
  case waitingForDatabase(String)

  // MARK: The two sides

  /// Entries that a search returned although they are outside the base.
  case entriesOutsideBase(DistinguishedName, count: Int)
  /// The last confirmed writes are checked again: another server may lack them.
  case lookingAgain(keys: Int)
  case serverTakesNoWrites(url: String, error: String, goesOn: Bool)
  /// Notifications named changes that are not in the log.
  case forgedNotification
  /// The stored watermark differs from the one that was last seen.
  case readingAgain

  // MARK: What an administrator should know

  /// A setting that is allowed but may not do what one expects.
  case warning(String, place: String?, fix: String?)
  case problem(code: String, message: String, fix: String?, isAdvisory: Bool)
  case problemOver(code: String)
  /// An activity failed and will be retried.
  case failed(Activity, String)

  /// Activities that are retried until they succeed.
  public enum Activity: Sendable {
    case connecting
    case listening
    case readingTheLog
    case readingDates
    case findingPeople
    case pruning
    case lookingAtTriggers
    case notingTheState
    case storingProblems
  }
}
