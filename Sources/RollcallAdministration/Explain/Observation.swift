internal import LDAPModel
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

/// Everything that was found out about one key; what it means is for ``Explanation`` to say.
struct Observation: Sendable {
  /// What the table says of the key.
  enum Row: Sendable {
    case missing
    case found(RosterRow)
    /// It is there, and an expression of the mapping fails for it.
    case failing(Problem, active: Bool)
    /// No row can have this key.
    case impossible(Problem)
    /// It could not be read: the mapping fails for everybody, or the database does not answer.
    case unread(String)
  }

  /// Who applies changes.
  enum Leader: Sendable {
    /// A process that leads, with how it says that it is.
    case process(String, DirectoryCondition)
    case nobody
    /// This database is a standby, where nobody can be seen who leads through its primary.
    case unseen
  }

  let key: RosterKey
  /// Why the database cannot be asked; nil where it answers.
  var database: String?
  /// Why the directory cannot be asked; nil where it answers.
  var directory: String?
  var row = Row.unread("")
  /// Attributes whose values are not shown, besides those of passwords.
  var hidden: [String] = []
  /// Columns that decide over scope and activity, with their values.
  var columns: [(name: String, value: String?)] = []
  var change: LastChange?
  /// What is wrong with the triggers.
  var capture: [String] = []
  var leader = Leader.nobody
  /// What the path of every key makes of it; nil where it could not be taken.
  var rehearsal: Rehearsal.Result?
  /// Why it could not be taken, where both sides answer.
  var refusal: String?
  /// The DNs of the entries that carry the key, where the path could not be taken.
  var entries: [String] = []
  var record = KeyRecord()

  var subject: Subject? { rehearsal?.subjects.first { $0.key == key } }
}
