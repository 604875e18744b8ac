internal import LDAPModel
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

/// Everything that was found out about one key; ``Explanation`` interprets it.
struct Observation: Sendable {
  /// The key's row in the table.
  enum Row: Sendable {
    case missing
    case found(RosterRow)
    /// It exists, and an expression of the mapping fails for it.
    case failing(Problem, active: Bool)
    /// No row can have this key.
    case impossible(Problem)
    /// It could not be read: the mapping fails for every row, or the database does not answer.
    case unread(String)
  }

  /// The process that applies changes.
  enum Leader: Sendable {
    /// A process that leads, with the state that it reports.
    case process(String, DirectoryCondition)
    case nobody
    /// This database is a standby, where a leader on its primary is not visible.
    case unseen
  }

  let key: RosterKey
  /// Why the database does not answer; nil if it does.
  var database: String?
  /// Why the directory does not answer; nil if it does.
  var directory: String?
  var row = Row.unread("")
  /// Attributes whose values are not shown, in addition to passwords.
  var hidden: [String] = []
  /// Columns that determine scope and activity, with their values.
  var columns: [(name: String, value: String?)] = []
  /// When the next date of the row passes: RFC 3339, UTC.
  var nextDate: String?
  var change: LastChange?
  /// The problems with the triggers.
  var capture: [String] = []
  var leader = Leader.nobody
  /// The plan for the key; nil if it could not be made.
  var rehearsal: Rehearsal.Result?
  /// Why it could not be made although both sides answer.
  var refusal: String?
  /// The DNs of the entries that carry the key, if no plan could be made.
  var entries: [String] = []
  var record = KeyRecord()

  var subject: Subject? { rehearsal?.subjects.first { $0.key == key } }
}
