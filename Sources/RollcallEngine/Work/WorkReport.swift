internal import LDAPModel
internal import RollcallCore
internal import RollcallLedger

/// How one key's turn ended.
enum Verdict: Sendable {
  case settled
  case parked(Problem, attempts: Int, retryAfter: Double?)
  /// Another key has the name; it is looked at first.
  case waits(for: RosterKey)
  /// Its removal waits: for a removal batch's decision, or for a person.
  case withheld
  /// A person has set it aside: nothing is written for it.
  case pinned
}

/// A row of the journal that says what is about to be sent.
struct JournalIntent: Sendable {
  var id: Int
  var row: JournalRow
}

/// How a batch's turn ended.
struct WorkReport: Sendable {
  var verdicts: [RosterKey: Verdict] = [:]
  /// Steps that the directory confirmed.
  var applied: [Step] = []
  /// Steps that were sent and whose answers will not come: the directory may have taken them, or take them yet.
  var unknown: [Step] = []
  /// Who has a value that a key was refused for, in words.
  var holders: [RosterKey: String] = [:]
  /// Names that became free.
  var freed: [String] = []
  /// People who stay in groups that their rows do not name any more: their leaving waits for a decision.
  var keepGroups: Set<RosterKey> = []
  /// What was read of the entries that steps are for, before them.
  var entries: [RosterKey: Entry] = [:]
  /// The journal's rows of removals that were about to be sent, by the entries' names.
  var intents: [String: JournalIntent] = [:]
  /// Why keys without a verdict have none.
  var trouble: EngineError?
}
