internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore

/// Whether the account may write what the mapping gives, on a server that tells nobody's rights (slapd).
///
/// It asks by writes that cannot succeed: to delete a value that is not there, to move an entry below a name that does
/// not exist, to add an entry whose name is too long (``ProbeEntry``). slapd looks at the rights first, so the code
/// tells: insufficientAccessRights, or anything else.
@Reactor
struct WriteRights {
  private static let remedy = "give it write access to the pseudo-attributes entry and children (slapd.access(5))"

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
    return try await people() + adopted() + groups()
  }

  /// Whether entries that are to be taken over can be moved from where they are.
  private func adopted() async throws(LDAPError) -> [Finding] {
    let users = configuration.users
    guard let adoption = users.adoption, let below = adoption.below,
      let entry = try await anyone(below: below, .and([.present(adoption.by), .not(.present(users.link))])),
      try await isRefused(.rename(entry, to: name(of: entry), deleteOld: false, newParent: nowhere(below: below)))
    else { return [] }
    return [
      Finding(
        .error, configuration.place(of: "users.adopt.below"), "this account may not move \(entry.text)",
        remedy: Self.remedy)
    ]
  }

  private func people() async throws(LDAPError) -> [Finding] {
    let users = configuration.users
    let place = configuration.place(of: "users.base")
    var findings = try await adding(below: users.base, users.naming, users.classes, place)
    guard let entry = try await anyone(below: users.base, .present(users.link)) else {
      return findings + unseen(findings, "which attributes it may change", "an entry of Rollcall's", place)
    }
    findings += try await refused(written, of: entry, place)
    if try await isRefused(.rename(entry, to: name(of: entry), deleteOld: false, newParent: nowhere(below: users.base)))
    {
      findings.append(
        Finding(.error, place, "this account may not rename or delete \(entry.text)", remedy: Self.remedy))
    }
    if findings.isEmpty { findings.append(Finding(.ok, place, "this account may write \(entry.text)")) }
    return findings
  }

  /// The attributes of people that are written.
  private var written: [String] {
    let users = configuration.users
    var names =
      [users.link] + (users.conditionalClasses.isEmpty ? [] : ["objectClass"]) + users.attributes.map(\.attribute)
      + users.createOnly.map(\.attribute)
    names += users.references.map(\.attribute)
    if users.password != nil, case .added(let attribute) = dialect.firstPassword { names.append(attribute) }
    names += users.disable.map(\.attribute)
    if users.disable.isEmpty, users.inactive == .disable || users.removed == .disable,
      case .values(let values) = dialect.disabling
    {
      names += values.map(\.name)
    }
    return names
  }

  private func groups() async throws(LDAPError) -> [Finding] {
    guard let groups = configuration.groups else { return [] }
    let place = configuration.place(of: "groups.base")
    let written = [groups.member] + groups.references.map(\.attribute)
    var findings: [Finding] = []
    if groups.create {
      findings += try await adding(below: groups.base, groups.naming, groups.classes, place)
    }
    guard let entry = try await anyone(below: groups.base, .present(groups.member)) else {
      let what = "whether it may change \(written.joined(separator: ", "))"
      return findings + unseen(findings, what, "a group with members", place)
    }
    findings += try await refused(written, of: entry, place)
    if findings.isEmpty { findings.append(Finding(.ok, place, "this account may write \(entry.text)")) }
    return findings
  }

  /// What cannot be asked while there is no entry.
  private func unseen(_ found: [Finding], _ what: String, _ entry: String, _ place: String) -> [Finding] {
    if !found.isEmpty { return [] }
    return [Finding(.ok, place, "this account may add entries here; \(what) can be tested once there is \(entry)")]
  }

  /// Whether entries of these classes can be added below the base.
  private func adding(
    below base: DistinguishedName, _ naming: String, _ classes: [String], _ place: String
  ) async throws(LDAPError) -> [Finding] {
    let probe = ProbeEntry(below: base, naming: naming, classes: classes, schema, nowhere: nowhere(below: base))
    do throws(LDAPError) {
      try await session.perform(.add(probe.dn, probe.attributes))
      try await session.perform(.delete(probe.dn))
      return [Finding(.ok, place, "this account may add and delete entries here")]
    } catch {
      if error.code.isLocal, error.code != .encodingError { throw error }
      switch error.code {
      case .other: return []
      case .insufficientAccessRights:
        let words = error.diagnostic.isEmpty ? "" : " (\(error.diagnostic))"
        return [
          Finding(
            .error, place, "this account may not add entries below \(base.text)\(words)", remedy: Self.remedy)
        ]
      default:
        let words = error.diagnostic.isEmpty ? "\(error.code)" : "\(error.code): \(error.diagnostic)"
        return [
          Finding(.ok, place, "whether this account may add entries here is not known until it adds one (\(words))")
        ]
      }
    }
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
        remedy: "give it write access to the attributes that the mapping names (slapd.access(5))")
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
