internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore

/// Whether the account may write what the mapping gives, on a server that tells nobody's rights (slapd).
///
/// It asks by writes that cannot succeed: to delete a value that is not there, and to move an entry below a name that
/// does not exist. slapd looks at the rights first, so the code tells: insufficientAccessRights, or anything else.
@Reactor
struct WriteRights {
  private let configuration: Configuration
  private let dialect: any Dialect
  private let schema: Schema
  private let session: LDAPSession
  /// A value and a name that nothing has.
  private let nowhere = "rollcall-probe-\(UInt64.random(in: 0 ... .max))"

  init(_ configuration: Configuration, _ dialect: any Dialect, _ schema: Schema, _ session: LDAPSession) {
    self.configuration = configuration
    self.dialect = dialect
    self.schema = schema
    self.session = session
  }

  func findings() async throws(LDAPError) -> [Finding] {
    guard dialect.kind == .openldap else { return [] }
    let users = configuration.users
    let place = configuration.place(of: "users.base")
    guard let entry = try await anyone(below: users.base, .present(users.link)) else {
      return [Finding(.ok, place, "whether this account may write is seen once there is an entry of ours")]
    }
    var names = [users.link] + users.attributes.map(\.attribute) + users.createOnly.map(\.attribute)
    if users.password != nil, case .added(let attribute) = dialect.firstPassword { names.append(attribute) }
    names += users.disable.map(\.attribute)
    if users.disable.isEmpty, users.inactive == .disable || users.removed == .disable,
      case .values(let values) = dialect.disabling
    {
      names += values.map(\.name)
    }
    var findings = try await refused(names, of: entry, place)
    if try await isRefused(.rename(entry, to: name(of: entry), deleteOld: false, newParent: nowhere(below: users.base)))
    {
      findings.append(
        Finding(
          .error, place, "this account may not add, rename or delete entries here",
          remedy: "give it write access to the pseudo-attributes entry and children (slapd.access(5))"))
    }
    if findings.isEmpty { findings.append(Finding(.ok, place, "this account may write \(entry.text)")) }
    return try await findings + groups()
  }

  private func groups() async throws(LDAPError) -> [Finding] {
    guard let groups = configuration.groups,
      let entry = try await anyone(below: groups.base, .present(groups.member))
    else { return [] }
    return try await refused([groups.member], of: entry, configuration.place(of: "groups.base"))
  }

  private func refused(
    _ names: [String], of entry: DistinguishedName, _ place: String
  ) async throws(LDAPError) -> [Finding] {
    var refused: [String] = []
    for name in names where !refused.contains(name) {
      let isName = schema.matchingRule(for: name) == .distinguishedName
      let value = isName ? nowhere(below: configuration.users.base).text : nowhere
      if try await isRefused(.modify(entry, [Modification(.delete, name, [AttributeValue(value)])])) {
        refused.append(name)
      }
    }
    if refused.isEmpty { return [] }
    return [
      Finding(
        .error, place, "this account may not write \(refused.joined(separator: ", ")) of \(entry.text)",
        remedy: "give it write access to what the mapping names (slapd.access(5))")
    ]
  }

  /// Whether the server does not let this account try. What it answers besides says nothing here.
  private func isRefused(_ operation: Operation) async throws(LDAPError) -> Bool {
    do throws(LDAPError) {
      try await session.perform(operation)
      return false
    } catch {
      if error.code.isLocal, error.code != .encodingError { throw error }
      return error.code == .insufficientAccessRights
    }
  }

  private func name(of entry: DistinguishedName) -> RelativeDistinguishedName {
    entry.first ?? RelativeDistinguishedName(configuration.users.naming, AttributeValue(nowhere))
  }

  private func nowhere(below base: DistinguishedName) -> DistinguishedName {
    base.child(RelativeDistinguishedName("ou", AttributeValue(nowhere)))
  }

  private func anyone(below base: DistinguishedName, _ filter: Filter) async throws(LDAPError) -> DistinguishedName? {
    struct Enough: Error {}
    var found: DistinguishedName?
    do {
      try await session.search(base: base, scope: .subtree, filter: filter, attributes: ["1.1"], pageSize: 1) { page in
        found = page.first?.dn
        throw Enough()
      }
    } catch is Enough {
      return found
    } catch {
      return nil
    }
    return found
  }
}
