internal import LDAPModel
internal import Reactor
internal import RollcallCore

/// Decides how a full comparison affects removals that are noticed elsewhere meanwhile.
///
/// Groups, retries, competitors for a name and single changes add keys that the comparison has not reached. If their
/// removals were charged one by one, the comparison would find only the rest of a wipe and hold that.
@Reactor
struct ComparisonWatch {
  /// A comparison in progress.
  struct Reading {
    var removalBatch: RemovalBatch
    var seen: SeenLinks
    /// Whether the log requested it: all rows may have been removed (TRUNCATE).
    var isOfTheLog: Bool
    /// Entries that were created while the directory is read.
    var made: Set<RosterKey> = []
    /// How many of the entries seen were deleted meanwhile.
    var gone = 0
    var hasReadDirectory = false
  }

  enum Ruling: Equatable {
    /// The comparison does not affect it.
    case passes
    /// The next comparison will find it.
    case waits
    case joins(RemovalBatch)
  }

  /// Why the next comparison holds every removal; nil if the budget decides.
  private(set) var holding: RemovalBudget.Reason?
  /// Whether the log requests a comparison that has not begun.
  var isAwaited = false
  private(set) var reading: Reading?
  /// Whether the comparison that holds every removal has read everything.
  private var isRead = false
  /// People whose removal the log has named individually and who were left to the comparison.
  private(set) var leavers: Set<RosterKey> = []

  nonisolated init() {}

  /// Sets what the next comparison does with removals.
  mutating func expect(_ holding: RemovalBudget.Reason?) {
    if holding != self.holding { isRead = false }
    self.holding = holding
  }

  /// Has removals wait until one more comparison has read everything, which holds them unless it would anyway.
  mutating func expectAnother(_ holding: RemovalBudget.Reason) {
    self.holding = self.holding ?? holding
    isRead = false
  }

  mutating func begin(_ reading: Reading) {
    self.reading = reading
    isRead = false
  }

  /// Ends the reading.
  ///
  /// - Parameter completely: whether all people were looked at; otherwise the comparison starts again.
  mutating func end(completely: Bool) {
    reading = nil
    isRead = completely
    if completely { leavers = [] }
  }

  /// Records an entry that is created or deleted while the directory is read.
  mutating func note(_ step: Step) {
    guard let reading, !reading.hasReadDirectory else { return }
    switch step.what {
    case .create, .adopt: self.reading?.made.insert(step.key)
    case .delete:
      self.reading?.made.remove(step.key)
      if reading.seen.contains(AttributeValue(step.key)) { self.reading?.gone += 1 }
    default: break
    }
  }

  /// Ends the reading of the directory.
  ///
  /// - Returns: the number of linked entries that are there now.
  mutating func countEntries() -> Int? {
    guard let reading else { return nil }
    self.reading?.hasReadDirectory = true
    self.reading?.made = []
    return reading.seen.count - reading.gone
      + reading.made.count { !reading.seen.contains(AttributeValue($0)) }
  }

  /// Records a key that is left to the comparison.
  mutating func leave(_ key: RosterKey) { leavers.insert(key) }

  /// Gives up because the comparison may be delayed for long.
  ///
  /// - Returns: the keys that were left to it and do not wait for the next one.
  mutating func giveUp() -> Set<RosterKey> {
    isAwaited = false
    defer { leavers = [] }
    return leavers
  }

  /// - Parameter isLogged: whether the log names the key, so that its removal would be noticed without a comparison:
  ///   such people do not wait for an ordinary one.
  func ruling(on key: RosterKey, isLogged: Bool) -> Ruling {
    if isAwaited { return .waits }
    if let reading {
      if reading.seen.hasLookedAt(key) { return .passes }
      return holding != nil || reading.isOfTheLog || !isLogged ? .joins(reading.removalBatch) : .passes
    }
    return holding != nil && !isRead ? .waits : .passes
  }
}
