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
  /// What brought the keys.
  let priority: Priority
  /// The source's transactions that are known of a key.
  let origin: @Reactor (RosterKey) -> Origin
  var report = WorkReport()
  private var round = 0

  init(
    _ batch: Batch, _ lane: DirectoryLink.Lane, origin: @escaping @Reactor (RosterKey) -> Origin,
    hasAwaited: @escaping @Reactor (_ key: RosterKey, _ holder: RosterKey) -> Bool
  ) {
    open = batch.keys
    priority = batch.priority
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
