internal import LDAPModel
internal import RollcallCore
internal import RollcallLedger

/// How one key's turn ended.
enum Verdict: Sendable {
  case settled
  case parked(Problem, attempts: Int, retryAfter: Double?)
  /// Another key has the name and is looked at first.
  case waits(for: RosterKey)
  /// Its removal waits for a removal batch's decision, or for a person.
  case withheld
  /// A person has pinned it: nothing is written for it.
  case pinned
}

/// A row of the journal that records an operation about to be sent.
struct JournalIntent: Sendable {
  var id: Int
  var row: JournalRow
}

/// How a batch's turn ended.
struct WorkReport: Sendable {
  var verdicts: [RosterKey: Verdict] = [:]
  /// Steps that the directory confirmed.
  var applied: [Step] = []
  /// Steps that were sent and will not be answered: the directory may have applied them, or may still do so.
  var unknown: [Step] = []
  /// The holder of a value that a key was refused for, in words.
  var holders: [RosterKey: String] = [:]
  /// Names that became free.
  var freed: [String] = []
  /// People who stay in groups that their rows no longer name: their leaving waits for a decision.
  var keepGroups: Set<RosterKey> = []
  /// Leavers whose entries are looked at once more, to record how they were left.
  var lookAgain: Set<RosterKey> = []
  /// People whose rows name others than before, or others with other DNs: their entries differ for this reason.
  var followed: Set<RosterKey> = []
  /// People whose rows name somebody whose entry has another DN by now, each with that one, and whether there are more.
  var referrers: [(key: RosterKey, target: RosterKey)] = []
  var hasMoreReferrers = false
  /// The entries that the steps change, as read before them.
  var entries: [RosterKey: Entry] = [:]
  /// The journal's rows of intended removals, by the entries' names.
  var intents: [String: JournalIntent] = [:]
  /// Why keys without a verdict have none.
  var trouble: EngineError?
}
