internal import LDAPModel
internal import PlainText

/// Why there is nothing to do for a key; it answers "why is this person not in LDAP?".
public struct Standing: Sendable, Equatable, CustomStringConvertible {
  public var key: RosterKey
  public var description: String
  /// Whether neither side knows the key.
  public var isUnknown: Bool

  /// - Parameters:
  ///   - subject: both sides of a key that needs no step.
  ///   - row: the row's scope and state; nil if there is none.
  public init(_ subject: Subject, row: (inScope: Bool, active: Bool)?) {
    key = subject.key
    isUnknown = row == nil && subject.current == nil
    let table =
      switch row {
      case nil: "no row has this key"
      case (inScope: false, active: _)?: "source.where excludes its row"
      case (inScope: true, active: false)?: "source.active says that the person is inactive"
      case (inScope: true, active: true)?: "its row is active"
      }
    let directory = subject.current.map { "its entry is \($0.dn.text.excerpt())" } ?? "no entry carries it"
    let key = subject.key.text.excerpt()
    description =
      isUnknown
      ? "key \(key): unknown: no row has this key, and no entry carries it"
      : "key \(key): nothing to do: \(table), \(directory)"
  }
}
