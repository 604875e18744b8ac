public import LDAPModel

/// What the roster says about one key; it depends on the roster and the rules only, never on the directory.
public enum Desired: Sendable, Equatable {
  /// There is this entry.
  case present(Wanted)
  /// There is this entry, and nobody logs in with it.
  case disabled(Wanted)
  /// There is no entry.
  case absent
  /// If there is an entry it stays as it is, disabled (`removed: disable`).
  case orphanDisabled
  /// If there is an entry it stays as it is.
  case untouched
  /// The row makes no entry; whatever there is stays as it is.
  case rejected(Problem)
  /// The row makes no entry, but says that nobody logs in: whatever there is stays as it is, disabled.
  case lockedOut(Problem)
}

extension Desired {
  /// The groups that a person is to be in whose row names these; nil: the groups stay as they are.
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
  /// Set when the entry is made and never compared.
  public var createOnly: [Attribute]
  /// The first password as the mapping gives it, not yet encoded for the server.
  public var password: AttributeValue?

  public init(entry: Entry, createOnly: [Attribute] = [], password: AttributeValue? = nil) {
    self.entry = entry
    self.createOnly = createOnly
    self.password = password
  }
}
