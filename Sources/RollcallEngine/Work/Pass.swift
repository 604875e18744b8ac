internal import Reactor
internal import RollcallCore

/// A batch on its way through the worker, and what has come of it so far.
@Reactor
struct Pass {
  /// Rounds before a key's failure is taken for lasting: the second look is careful, the third sees what a rival did
  /// meanwhile.
  private static let rounds = 4

  /// Keys that are looked at in this round.
  var open: [RosterKey]
  let lane: DirectoryLink.Lane
  /// Whether a key has waited for another before.
  let hasAwaited: @Reactor (_ key: RosterKey, _ holder: RosterKey) -> Bool
  /// Where the work on a key comes from, and what has brought it for that.
  let origin: @Reactor (RosterKey) -> (Origin, JournalCause)
  var report = WorkReport()
  private var round = 0

  init(
    _ keys: [RosterKey], _ lane: DirectoryLink.Lane,
    origin: @escaping @Reactor (RosterKey) -> (Origin, JournalCause),
    hasAwaited: @escaping @Reactor (_ key: RosterKey, _ holder: RosterKey) -> Bool
  ) {
    open = keys
    self.lane = lane
    self.origin = origin
    self.hasAwaited = hasAwaited
  }

  /// Nobody has looked yet who has what is wanted.
  var isFirst: Bool { round == 0 }
  /// Nothing is looked at again after this round.
  var isLast: Bool { round + 1 >= Pass.rounds }
  /// Where it reads: long answers do not stand before the writes of the fast lane.
  var reading: DirectoryLink.Lane { lane == .fast ? .fast : .reading }

  mutating func endRound() { round += 1 }
}
