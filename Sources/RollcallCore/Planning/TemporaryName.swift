public import LDAPModel

/// The name an entry has for the moment in which names are exchanged.
///
/// It depends on the directory's name and the key alone, so that a restart meets the same name, and no two
/// keys meet in one.
public struct TemporaryName: Sendable {
  private static let prefix = "rollcall-"
  private let hash: StableHash

  /// - Parameter directory: the configuration's `name`.
  public init(directory: String) {
    var hash = StableHash()
    hash.combine(directory.utf8)
    hash.combine(CollectionOfOne(0))
    self.hash = hash
  }

  /// `rollcall-` and 16 hexadecimal digits.
  public func value(key: RosterKey) -> AttributeValue {
    AttributeValue(Self.prefix + digits(key))
  }

  /// As `value(key:)`, in at most 19 characters, for attributes of limited length (sAMAccountName takes 20).
  public func short(key: RosterKey) -> AttributeValue {
    AttributeValue("rc-" + digits(key))
  }

  /// The RDN `naming=rollcall-…`.
  public func rdn(naming: String, key: RosterKey) -> RelativeDistinguishedName {
    RelativeDistinguishedName(naming, value(key: key))
  }

  private func digits(_ key: RosterKey) -> String {
    var hash = hash
    hash.combine(key.text.utf8)
    return hash.text
  }
}
