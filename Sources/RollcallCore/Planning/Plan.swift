public import LDAPModel

/// What to do for a set of subjects, and what cannot be done.
public struct Plan: Sendable, Equatable {
  /// Independent of each other: no two name one entry or one DN, so they may run side by side.
  public var sequences: [Sequence] = []
  /// Keys to set aside, each with its reason.
  public var parked: [RosterKey: Problem] = [:]
  /// Keys that wait for a key that is not among the subjects; plan again with both.
  public var blocked: [RosterKey: Blocker] = [:]
  /// The removals among the sequences: deletes and first disables. For the budget.
  public var removals: [Removal] = []
  /// Removals that were left out because their subjects said `removalHeld`.
  public var withheld: [Removal] = []
  /// Entries that Rollcall did not make and may not touch yet; left out.
  public var takeovers: [Takeover] = []
  /// Removals of what the server has marked as an administrator's, left out until each is released.
  public var shielded: [Removal] = []
  /// Keys that a person has set aside, each with whether something would be done otherwise.
  public var pinned: [RosterKey: Bool] = [:]
  /// What would be removed of those.
  public var pinnedRemovals: [Removal] = []
  /// Unlinked entries that keys take over.
  public var adopted: [RosterKey: Entry] = [:]
  /// Keys for which there is nothing to do.
  public var settled: [RosterKey] = []
  /// Keys whose ledger record of a disable no longer says anything and can go without an operation.
  public var staleDisables: [RosterKey] = []

  public init() {}
}

extension Plan {
  /// Operations in the order in which they must succeed; one is sent when the one before it is answered.
  public struct Sequence: Sendable, Equatable {
    public var steps: [Step]

    public init(steps: [Step]) {
      self.steps = steps
    }

    /// What to send, in this order, when the server refuses the step at `index` for good: takes a half-done
    /// exchange of names back. Empty where nothing needs to be undone.
    public func undo(refusedAt index: Int) -> [Operation] {
      guard let exchange = steps[index].exchange else { return [] }
      return steps[..<index].reversed().compactMap { $0.exchange == exchange ? $0.undo : nil }
    }

    /// The keys of its steps, each once, in order.
    public var keys: [RosterKey] {
      var seen: Set<RosterKey> = []
      return steps.compactMap { seen.insert($0.key).inserted ? $0.key : nil }
    }
  }
}

/// One operation for one key.
public struct Step: Sendable, Equatable {
  public enum What: String, Sendable, CaseIterable {
    case create
    case update
    case rename
    /// A rename to another container.
    case move
    case disable
    case enable
    case delete
    /// Out of the way, to a name that nobody wants.
    case temporaryRename = "temporary-rename"
    /// An entry that a late add has made of a person who has one.
    case removeDuplicate = "remove-twin"
    /// An unlinked entry gets its link.
    case adopt
    /// The first password of an entry just made.
    case password
    /// A group gets a member.
    case join
    /// A group loses a member.
    case leave
    /// A group knows a member by its new name.
    case follow
    /// A group that somebody is to be in and that is missing.
    case makeGroup = "make-group"
    /// A group without members.
    case dropGroup = "drop-group"
    /// A container that an entry is to live in and that is missing.
    case makeContainer = "make-container"
  }

  public var key: RosterKey
  public var operation: Operation
  public var what: What
  /// Record in the ledger that Rollcall disables this entry, committed before the operation is sent.
  public var journalDisable: Bool
  /// Remove that record after the operation succeeded.
  public var clearsDisable: Bool
  /// For a rename: the DN before it.
  public var oldDN: DistinguishedName?
  /// For a rename: the DN after it.
  public var newDN: DistinguishedName?
  /// What others may have now: in the form of `Problem.blocks`.
  public var frees: [String]
  /// Steps with one number exchange names through a temporary one and are undone together; nil for all
  /// others.
  public var exchange: Int?
  /// Takes this step back; only within an exchange.
  public var undo: Operation?

  public init(
    key: RosterKey, operation: Operation, what: What, journalDisable: Bool = false, clearsDisable: Bool = false,
    oldDN: DistinguishedName? = nil, newDN: DistinguishedName? = nil, frees: [String] = [],
    exchange: Int? = nil,
    undo: Operation? = nil
  ) {
    self.key = key
    self.operation = operation
    self.what = what
    self.journalDisable = journalDisable
    self.clearsDisable = clearsDisable
    self.oldDN = oldDN
    self.newDN = newDN
    self.frees = frees
    self.exchange = exchange
    self.undo = undo
  }
}

/// Who stands in the way of a blocked key.
public struct Blocker: Sendable, Equatable {
  /// The key of the entry that has what is wanted.
  public var key: RosterKey
  public var dn: DistinguishedName
  /// What it has, in the form of `Problem.blocks`: its name, or `attribute: value`.
  public var resource: String

  public init(key: RosterKey, dn: DistinguishedName, resource: String) {
    self.key = key
    self.dn = dn
    self.resource = resource
  }
}

/// What is taken away from a person: the managed entry, by a delete or a first disable, or memberships.
public struct Removal: Sendable, Equatable {
  public enum Action: String, Sendable {
    case delete
    case disable
    /// Of groups; the person stays.
    case leave

    public var kind: RemovalKind { self == .leave ? .memberships : .people }
  }

  public var key: RosterKey
  public var action: Action
  public var dn: DistinguishedName
  /// The groups that the person leaves, by their ids.
  public var groups: [String]

  public init(key: RosterKey, action: Action, dn: DistinguishedName, groups: [String] = []) {
    self.key = key
    self.action = action
    self.dn = dn
    self.groups = groups
  }

  /// How much of the budget it takes.
  public var weight: Int { action == .leave ? groups.count : 1 }
}

/// What has a budget of its own.
public enum RemovalKind: Sendable, CaseIterable {
  case people, memberships
}
