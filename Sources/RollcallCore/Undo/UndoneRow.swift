public import LDAPModel

/// A row of the journal that is to be undone.
public struct UndoneRow: Sendable, Equatable {
  public var id: Int
  public var key: RosterKey
  public var action: String
  public var isDone: Bool
  public var dn: DistinguishedName
  /// After a rename.
  public var newDN: DistinguishedName?
  public var entryID: EntryID?
  /// For a removal the changes of its intent: all that the entry had.
  public var changes: [AttributeChange]
  /// The row that has already undone it.
  public var undoneBy: Int?
  /// Later rows of the same person that are not being undone too and have not been undone.
  public var later: [LaterRow] = []

  /// Whether its entry is a group and its changes are members.
  public var isOfMembership: Bool {
    switch Step.What(rawValue: action) {
    case .join, .leave, .follow: true
    default: false
    }
  }

  public init(
    id: Int, key: RosterKey, action: String, isDone: Bool, dn: DistinguishedName, newDN: DistinguishedName? = nil,
    entryID: EntryID? = nil, changes: [AttributeChange] = [], undoneBy: Int? = nil
  ) {
    self.id = id
    self.key = key
    self.action = action
    self.isDone = isDone
    self.dn = dn
    self.newDN = newDN
    self.entryID = entryID
    self.changes = changes
    self.undoneBy = undoneBy
  }
}

/// The changes of a later row.
public struct LaterRow: Sendable, Equatable {
  public var id: Int
  public var action: String
  public var attributes: [String]

  func isAny(of kinds: [Step.What]) -> Bool { Step.What(rawValue: action).map(kinds.contains) ?? false }

  public init(id: Int, action: String, attributes: [String]) {
    self.id = id
    self.action = action
    self.attributes = attributes
  }
}

/// What is done about one row, or cannot be done.
public struct UndoPart: Sendable, Equatable {
  public var row: Int
  public var key: RosterKey
  /// Nil if nothing can be done.
  public var step: Step?
  /// Why nothing can be undone, or which part cannot.
  public var refusals: [String] = []
  /// What else an administrator has to know about it.
  public var notes: [String] = []

  public init(row: Int, key: RosterKey) {
    self.row = row
    self.key = key
  }
}
