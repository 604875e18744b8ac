public import LDAPModel

/// The desired state of one key; it depends only on the roster and the rules, never on the directory.
public enum Desired: Sendable, Equatable {
  /// This entry exists.
  case present(Wanted)
  /// This entry exists and is disabled.
  case disabled(Wanted)
  /// No entry exists.
  case absent
  /// An existing entry stays as it is, disabled (`removed: disable`).
  case orphanDisabled
  /// An existing entry stays as it is.
  case untouched
  /// The row gives no valid entry; an existing one stays as it is.
  case rejected(Problem)
  /// The row gives no valid entry, but says that the person may not log in: an existing one stays as it is, disabled.
  case lockedOut(Problem)
}

extension Desired {
  /// The groups that a person is to be in whose row names `membership`; nil: the groups stay as they are.
  public func groups(named membership: [AttributeValue]) -> [AttributeValue]? {
    switch self {
    case .present, .disabled: membership
    case .absent, .orphanDisabled: []
    case .untouched, .rejected, .lockedOut: nil
    }
  }
}

/// An entry as the roster wants it.
public struct Wanted: Sendable, Equatable {
  /// DN, `objectClass`, link and the mapped attributes that have values, in the order of the rules.
  public var entry: Entry
  /// Attributes that are set when the entry is created and never compared.
  public var createOnly: [Attribute]
  /// The first password as the mapping gives it, not yet encoded for the server.
  public var password: AttributeValue?
  /// The people whose DNs `entry` is to have; who of them has an entry is found out later.
  public var references: [WantedReference]

  public init(
    entry: Entry, createOnly: [Attribute] = [], password: AttributeValue? = nil, references: [WantedReference] = []
  ) {
    self.entry = entry
    self.createOnly = createOnly
    self.password = password
    self.references = references
  }
}
