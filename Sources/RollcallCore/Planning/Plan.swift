public import LDAPModel

/// The operations for a set of subjects, and what cannot be done.
public struct Plan: Sendable, Equatable {
  /// Independent of each other: no two contain the same entry or DN, so they may run concurrently.
  public var sequences: [Sequence] = []
  /// Keys to park, each with its reason.
  public var parked: [RosterKey: Problem] = [:]
  /// Keys that wait for a key that is not among the subjects; plan again with both.
  public var blocked: [RosterKey: Blocker] = [:]
  /// The removals in the sequences: deletes and first disables. The budget counts them.
  public var removals: [Removal] = []
  /// Removals that were left out because their subjects have `removalHeld`.
  public var withheld: [Removal] = []
  /// Entries that Rollcall did not create and may not change yet; left out.
  public var takeovers: [Takeover] = []
  /// Removals of entries that the server marks as an administrator's, left out until each is released.
  public var shielded: [Removal] = []
  /// Pinned keys, each with whether there would be something to do otherwise.
  public var pinned: [RosterKey: Bool] = [:]
  /// The removals that pins prevent.
  public var pinnedRemovals: [Removal] = []
  /// Unlinked entries that keys take over.
  public var adopted: [RosterKey: Entry] = [:]
  /// Keys for which there is nothing to do.
  public var settled: [RosterKey] = []
  /// Keys whose record of a disable in the ledger is obsolete and can be deleted without an operation.
  public var staleDisables: [RosterKey] = []

  public init() {}
}

extension Plan {
  /// Operations that must succeed in this order; each is sent after the one before it is answered.
  public struct Sequence: Sendable, Equatable {
    public var steps: [Step]

    public init(steps: [Step]) {
      self.steps = steps
    }

    /// The operations to send, in this order, if the server permanently refuses the step at `index`: they undo a
    /// partial exchange of names. Empty if there is nothing to undo.
    public func undo(refusedAt index: Int) -> [Operation] {
      guard let exchange = steps[index].exchange else { return [] }
      return steps[..<index].reversed().compactMap { $0.exchange == exchange ? $0.undo : nil }
    }

    /// The keys of its steps, without duplicates, in order.
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
    /// A rename to a temporary name.
    case temporaryRename = "temporary-rename"
    /// Deletes an entry that a late add has created for a person who already has one.
    case removeDuplicate = "remove-twin"
    /// An unlinked entry gets its link.
    case adopt
    /// The first password of an entry just made.
    case password
    /// Adds a member to a group.
    case join
    /// Removes a member from a group.
    case leave
    /// Replaces a member's old name in a group by the new one.
    case follow
    /// Gives a group the DNs of people in other attributes than the members', such as its owner's.
    case refer
    /// Creates a missing group that somebody is to be in.
    case makeGroup = "make-group"
    /// Deletes a group without members.
    case dropGroup = "drop-group"
    /// Creates a missing container that an entry is to live in.
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
  /// The resources that it frees, in the form of `Problem.blocks`.
  public var frees: [String]
  /// Steps with the same number exchange names through a temporary one and are undone together; nil for all others.
  public var exchange: Int?
  /// The operation that undoes this step; only within an exchange.
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

/// The key that a blocked key waits for.
public struct Blocker: Sendable, Equatable {
  /// The key of the entry that has the wanted resource.
  public var key: RosterKey
  public var dn: DistinguishedName
  /// The wanted resource, in the form of `Problem.blocks`: its name, or `attribute: value`.
  public var resource: String
  /// Another key of the plan that has what the blocked key wants, where that one is blocked itself.
  public var holder: Holder?

  public struct Holder: Sendable, Equatable {
    public var key: RosterKey
    public var dn: DistinguishedName
    /// What the blocked key wants.
    public var resource: String

    public init(key: RosterKey, dn: DistinguishedName, resource: String) {
      self.key = key
      self.dn = dn
      self.resource = resource
    }
  }

  public init(key: RosterKey, dn: DistinguishedName, resource: String, holder: Holder? = nil) {
    self.key = key
    self.dn = dn
    self.resource = resource
    self.holder = holder
  }
}

/// What a person loses: the managed entry, by a delete or a first disable, or memberships.
public struct Removal: Sendable, Equatable {
  public enum Action: String, Sendable, CaseIterable {
    case delete
    case disable
    /// Memberships; the entry stays.
    case leave

    public var kind: RemovalKind { self == .leave ? .memberships : .people }
  }

  public var key: RosterKey
  public var action: Action
  public var dn: DistinguishedName
  /// The ids of the groups that the person leaves.
  public var groups: [String]

  public init(key: RosterKey, action: Action, dn: DistinguishedName, groups: [String] = []) {
    self.key = key
    self.action = action
    self.dn = dn
    self.groups = groups
  }

  /// The share of the budget that it uses.
  public var weight: Int { action == .leave ? groups.count : 1 }
}

/// The kinds of removals that have separate budgets.
public enum RemovalKind: Sendable, CaseIterable {
  case people, memberships
}
