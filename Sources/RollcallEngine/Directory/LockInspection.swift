package import LDAP
package import LDAPModel
package import Reactor
package import RollcallConfiguration
package import RollcallCore

/// Checks whether accounts can be disabled by the server's own mechanism, if the configuration relies on it.
@Reactor
package struct LockInspection {
  private let configuration: Configuration
  private let dialect: any Dialect
  private let session: LDAPSession

  package init(_ configuration: Configuration, _ dialect: any Dialect, _ session: LDAPSession) {
    self.configuration = configuration
    self.dialect = dialect
    self.session = session
  }

  /// The values that lock; nil if the configuration has its own, nobody is disabled, or bits are used.
  private var ownWay: [Attribute]? {
    Self.ownWay(configuration, dialect)
  }

  private static func ownWay(_ configuration: Configuration, _ dialect: any Dialect) -> [Attribute]? {
    let users = configuration.users
    let disables = users.inactive == .disable && configuration.source.active != nil || users.removed == .disable
    guard users.disable.isEmpty, disables else { return nil }
    guard case .values(let values) = dialect.disabling else { return nil }
    return values
  }

  /// Checks the right to write the lock on one managed entry, if the server reports effective rights.
  package func right(_ rootDSE: RootDSE) async -> Finding? {
    guard let attribute = ownWay?.first?.name, rootDSE.supportedControls.contains(LDAPSession.effectiveRights),
      case .simple(let account, _) = configuration.directory.bind, let entry = await anyone(),
      let rights = try? await session.rights(of: account, to: attribute, in: entry)
    else { return nil }
    let place = configuration.place(of: "users.disable")
    if rights.contains("w"), rights.contains("o") {
      return Finding(.ok, place, "this account may write \(attribute)")
    }
    return Finding(
      .error, place, "this account may not write \(attribute), which the server uses to disable accounts",
      remedy: "add it to the targetattr of the ACI that gives the account write access")
  }

  private func anyone() async -> DistinguishedName? {
    let users = configuration.users
    // One entry is enough; others need not be sent by a server that counts examined entries.
    var found: DistinguishedName?
    try? await session.search(
      base: users.base, scope: .subtree, filter: .present(users.link), attributes: ["1.1"], pageSize: 1
    ) { page in
      found = page.first?.dn
      throw CancellationError()
    }
    return found
  }

  static let remedy =
    "load the module ppolicy and add the overlay to the database, or set in users.disable what a disabled entry has, "
    + "such as { employeeType: disabled }"

  /// Why no account can be disabled; nil if that is possible. Every leaver would be parked, and stay enabled.
  static func shortcoming(_ configuration: Configuration, _ dialect: any Dialect, _ schema: Schema) -> String? {
    guard dialect.kind == .openldap, let values = ownWay(configuration, dialect),
      values.contains(where: { schema.attributeType($0.name) == nil })
    else { return nil }
    return "slapd disables accounts with the overlay ppolicy, which is missing: leavers stay enabled, and are parked"
  }

  /// Checks whether the server can disable an account by its own mechanism, if the configuration relies on it.
  package func overlay(_ schema: Schema, _ rootDSE: RootDSE) -> Finding? {
    guard let values = ownWay, dialect.kind == .openldap else { return nil }
    let place = configuration.place(of: "users.disable")
    let unknown = values.first { schema.attributeType($0.name) == nil }
    // draft-behera-ldap-password-policy: the control is supported if the overlay is configured.
    guard unknown != nil || !rootDSE.supportedControls.contains("1.3.6.1.4.1.42.2.27.8.5.1") else {
      return Finding(.ok, place, "left to the server's own way, and the overlay ppolicy is there")
    }
    return Finding(
      .error, place, "slapd disables accounts with the overlay ppolicy, which is missing",
      remedy: Self.remedy)
  }
}
