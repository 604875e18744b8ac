internal import LDAPModel
internal import Reactor
internal import RollcallCore

/// A batch on its way through the worker, and its results so far.
@Reactor
struct Pass {
  /// Rounds before a key's failure is considered permanent: the second round checks for conflicts, the third sees
  /// what a competing client did meanwhile.
  private static let rounds = 4

  /// Keys to look at in this round.
  var open: [RosterKey]
  let lane: DirectoryLink.Lane
  /// Whether a key has waited for another before.
  let hasAwaited: @Reactor (_ key: RosterKey, _ holder: RosterKey) -> Bool
  /// The origin of the work on a key, and its cause.
  let origin: @Reactor (RosterKey) -> (Origin, JournalCause)
  var report = WorkReport()
  private var round = 0
  /// What was last seen of each key: its entry's DN, if there is one, how many steps had been applied by then, and whom
  /// its row names.
  private(set) var seen: [RosterKey: (name: DistinguishedName?, applied: Int, references: ReferenceLook)] = [:]

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

  /// Whether no search for the holders of wanted names has been made yet.
  var isFirst: Bool { round == 0 }
  /// Whether nothing is looked at again after this round.
  var isLast: Bool { round + 1 >= Pass.rounds }
  /// The lane for reading: long answers must not delay the writes of the fast lane.
  var reading: DirectoryLink.Lane { lane == .fast ? .fast : .reading }

  mutating func endRound() { round += 1 }

  /// Notes what is needed when the pass ends; nothing without references.
  mutating func note(_ survey: Survey) {
    for subject in survey.subjects {
      guard let look = survey.references[subject.key] else { continue }
      seen[subject.key] = (subject.current?.dn, report.applied.count, look)
    }
  }
}
