internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration

/// Finds the entry that a connection is bound as, so that Rollcall never writes to it.
@Reactor
struct BoundAccount {
  /// RFC 4532.
  private static let whoAmI = "1.3.6.1.4.1.4203.1.11.3"

  private let bind: Configuration.Bind
  private let base: DistinguishedName
  private let schema: Schema

  /// - Parameter base: a DN in the suffix in which accounts that are not named by a DN are searched.
  init(_ bind: Configuration.Bind, base: DistinguishedName, _ schema: Schema) {
    self.bind = bind
    self.base = base
    self.schema = schema
  }

  /// All known names of the account: the configured one, and the one that the server returns.
  func names(_ session: LDAPSession, _ rootDSE: RootDSE) async throws(LDAPError) -> [DistinguishedName] {
    var names: [DistinguishedName] = []
    switch bind {
    case .simple(let text, _): names += try await resolve(text, session, rootDSE)
    case .gssapi(let principal, _): names += try await resolve(principal, session, rootDSE)
    case .external: break
    }
    // Samba does not know the operation.
    guard rootDSE.supportedExtensions.contains(BoundAccount.whoAmI) else { return names }
    let identity: String
    do throws(LDAPError) { identity = try await session.whoAmI() } catch {
      // The operation may be forbidden; an account bound by name is known without it.
      if error.code == .serverDown || error.code == .timeout { throw error }
      return names
    }
    if let name = BoundAccount.name(in: identity) { names += try await resolve(name, session, rootDSE) }
    return names
  }

  /// The name in an authorization identity (RFC 4513 section 5.2.1.8): `dn:` and a DN, or `u:` and a server-specific
  /// name, in Active Directory `DOMAIN\name`; nil for an anonymous identity.
  nonisolated static func name(in identity: String) -> String? {
    guard let colon = identity.firstIndex(of: ":"), ["dn", "u"].contains(identity[..<colon].lowercased()) else {
      return nil
    }
    let name = identity[identity.index(after: colon)...]
    return name.isEmpty ? nil : String(name)
  }

  /// The filter for an account that is not named by a DN.
  nonisolated static func filter(_ text: String) -> Filter {
    if let slash = text.firstIndex(of: "\\") {
      return .equal("sAMAccountName", AttributeValue(String(text[text.index(after: slash)...])))
    }
    guard text.contains("@") else { return .equal("sAMAccountName", AttributeValue(text)) }
    let name = String(text.prefix { $0 != "@" })
    return .or([.equal("userPrincipalName", AttributeValue(text)), .equal("sAMAccountName", AttributeValue(name))])
  }

  /// The entries of a DN, of `DOMAIN\name` or of `name@domain`, also of `NAME@REALM`.
  private func resolve(
    _ text: String, _ session: LDAPSession, _ rootDSE: RootDSE
  ) async throws(LDAPError) -> [DistinguishedName] {
    if text.isEmpty { return [] }
    if let name = try? DistinguishedName(parsing: text) { return [name] }
    let contexts = rootDSE.namingContexts.map { DistinguishedName(unchecked: $0) }
    let suffix = contexts.filter { base.isBelow($0, schema) }.max { $0.text.utf8.count < $1.text.utf8.count } ?? base
    do throws(LDAPError) {
      return try await session.search(
        base: suffix, scope: .subtree, filter: BoundAccount.filter(text), attributes: ["1.1"]
      ).map(\.dn)
    } catch {
      // An account that cannot be searched for is not an entry that Rollcall could write to.
      if error.code == .serverDown || error.code == .timeout { throw error }
      return []
    }
  }
}
