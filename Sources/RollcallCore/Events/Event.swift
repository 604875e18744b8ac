public import LDAPModel

/// Something that happened to a directory.
///
/// Each is emitted at one place, where it happens, and says nothing of who hears it: the log is one rendering of it.
/// Values of attributes are in none but ``applied(_:after:isBulk:)``, whose step has them.
public enum Event: Sendable {
  // MARK: People

  /// The directory has confirmed a step.
  ///
  /// - Parameters:
  ///   - after: since the key was heard of; nil where nobody heard of it.
  ///   - isBulk: one of many that are worked off.
  case applied(Step, after: Duration?, isBulk: Bool)
  /// A batch has ended; so many keys wait or are worked on.
  case batchEnded(waiting: Int)
  /// A key was set aside; it is news unless the same was said of it before.
  case parked(RosterKey, Problem, isNews: Bool)
  /// Removals wait for a person.
  case held([Removal], RemovalBudget.Reason)
  /// A person has let removals, or takeovers, pass.
  case released([RosterKey], isTakeover: Bool)
  /// Nothing is written for these keys until they are unpinned.
  case pinned([RosterKey])
  case unpinned([RosterKey])
  /// One key after another is refused, so single keys are tried.
  case breakerOpened(Problem)
  case breakerClosed
  /// The mapping failed for everybody and works again.
  case mappingWorks

  // MARK: Comparing everybody

  case comparing(because: String)
  case comparisonDeferred(because: String, Duration)
  case compared(entries: Int, in: Duration)
  /// It is tried again after a while.
  case comparisonFailed(String)

  // MARK: Leading

  /// Keys flow. It is the first time of this process, or it was lost before.
  case leading(directory: String, isFirst: Bool)
  case standingBy
  /// A command lets the process that leads do its work.
  case askingLeader
  /// The process that led has not ended in order.
  case tookOver(from: String)
  /// Who holds the lock may not lead; another number is taken.
  case lockHeldByStranger(holder: String, fix: String)
  /// Work has stopped.
  case paused(because: String)
  case resumed(after: Duration)
  case waitingForDatabase(String)

  // MARK: The two sides

  /// Entries that a search returned although they are not below the base.
  case entriesOutsideBase(DistinguishedName, count: Int)
  /// What was confirmed last is looked at again: another server may lack it.
  case lookingAgain(keys: Int)
  case serverTakesNoWrites(url: String, error: String, goesOn: Bool)
  /// Notifications named changes that the log does not have.
  case forgedNotification
  /// The stored watermark is another than the one that was seen.
  case readingAgain

  // MARK: What a person should know

  /// Something in the configuration that is allowed, and is not as one might think.
  case warning(String, place: String?, fix: String?)
  case problem(code: String, message: String, fix: String?, isAdvisory: Bool)
  case problemOver(code: String)
  /// Something that is tried again.
  case failed(Activity, String)

  /// What is tried again until it works.
  public enum Activity: Sendable {
    case connecting
    case listening
    case readingTheLog
    case pruning
    case lookingAtTriggers
    case notingTheState
    case storingProblems
  }
}
