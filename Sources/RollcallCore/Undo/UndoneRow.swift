public import LDAPModel

/// A row of the journal that somebody wants taken back.
public struct UndoneRow: Sendable, Equatable {
  public var id: Int
  public var key: RosterKey
  public var action: String
  public var isDone: Bool
  public var dn: DistinguishedName
  /// After a rename.
  public var newDN: DistinguishedName?
  public var entryID: EntryID?
  /// Of a removal those of its intent: all that the entry had.
  public var changes: [AttributeChange]
  /// The row that has taken it back already.
  public var undoneBy: Int?
  /// Rows of the same person that came later, are not to be taken back too, and have not been.
  public var later: [LaterRow] = []

  /// Whether its entry is a group, and its changes are members.
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

/// What a later row has changed.
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

/// What is done, or cannot be done, about one row.
public struct UndoPart: Sendable, Equatable {
  public var row: Int
  public var key: RosterKey
  /// Nil where nothing can be done.
  public var step: Step?
  /// Why nothing can be, or what of it cannot.
  public var refusals: [String] = []
  /// What an administrator has to know of it besides.
  public var notes: [String] = []

  public init(row: Int, key: RosterKey) {
    self.row = row
    self.key = key
  }
}
