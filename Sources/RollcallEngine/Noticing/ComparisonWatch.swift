internal import Reactor
internal import RollcallCore

/// What a comparison of everybody means for removals that something else notices meanwhile.
///
/// Groups, retries, rivals for a name and single changes bring keys that the comparison has not looked at. Were their
/// removals paid one by one, the comparison would find the rest of a wipe and hold that.
@Reactor
struct ComparisonWatch {
  /// A comparison that is being read.
  struct Reading {
    var removalBatch: RemovalBatch
    var seen: SeenLinks
    /// The log asked for it: everybody may have been taken away (TRUNCATE).
    var isOfTheLog: Bool
  }

  enum Ruling: Equatable {
    /// The comparison has nothing to do with it.
    case passes
    /// The comparison that is to come will find it.
    case waits
    case joins(RemovalBatch)
  }

  /// Why the next comparison to be decided holds every removal; nil where the budget decides.
  private(set) var holding: RemovalBudget.Reason?
  /// The log asks for a comparison that has not begun.
  var isAwaited = false
  private(set) var reading: Reading?
  /// The one that is to hold every removal has been read to its end.
  private var isRead = false
  /// People whose leaving the log has named, one by one, and who were left to the comparison.
  private(set) var leavers: Set<RosterKey> = []

  nonisolated init() {}

  /// Says what the next comparison is to do with removals.
  mutating func expect(_ holding: RemovalBudget.Reason?) {
    if holding != self.holding { isRead = false }
    self.holding = holding
  }

  mutating func begin(_ reading: Reading) {
    self.reading = reading
    isRead = false
  }

  /// Ends the reading.
  ///
  /// - Parameter completely: everybody has been looked at; otherwise all of it begins again.
  mutating func end(completely: Bool) {
    reading = nil
    isRead = completely
    if completely { leavers = [] }
  }

  /// Notes whom the comparison is to find.
  mutating func leave(_ key: RosterKey) { leavers.insert(key) }

  /// The comparison may not be done for long.
  ///
  /// - Returns: who was left to it and does not wait for the next.
  mutating func giveUp() -> Set<RosterKey> {
    isAwaited = false
    defer { leavers = [] }
    return leavers
  }

  /// - Parameter isLogged: the log names the key, so it is no removal that only a comparison would find: people who leave
  ///   do not wait for an ordinary one.
  func ruling(on key: RosterKey, isLogged: Bool) -> Ruling {
    if isAwaited { return .waits }
    if let reading {
      if reading.seen.hasLookedAt(key) { return .passes }
      return holding != nil || reading.isOfTheLog || !isLogged ? .joins(reading.removalBatch) : .passes
    }
    return holding != nil && !isRead ? .waits : .passes
  }
}
