internal import LDAP
internal import LDAPModel
internal import Reactor

/// Reads and completes a slapd whose configuration is below `cn=config`, as root over its socket.
@Reactor
struct SlapdAdministration {
  /// Bound as the socket's user.
  let session: LDAPSession

  /// Opens the socket; nil where there is none, or its user may not read the configuration.
  static func open(_ url: String) async -> SlapdAdministration? {
    var options = LDAPOptions(url: url)
    options.bind = .external
    guard let session = try? await LDAPSession.open(options) else { return nil }
    let found = try? await session.search(
      base: "cn=config", scope: .base, filter: .present("objectClass"), attributes: ["1.1"])
    guard found?.isEmpty == false else {
      session.close()
      return nil
    }
    return SlapdAdministration(session: session)
  }

  func needs(_ setup: SlapdSetup, _ schema: Schema) async throws(LDAPError) -> SlapdNeeds? {
    let configuration = try await session.search(
      base: "cn=config", scope: .subtree,
      filter: .or([
        .present("olcDatabase"), .present("olcOverlay"), .present("olcModuleLoad"), .equal("objectClass", "olcGlobal"),
      ]),
      attributes: [
        "olcDatabase", "olcSuffix", "olcRootDN", "olcAccess", "olcDbIndex", "olcSizeLimit", "olcLimits", "olcOverlay",
        "olcModuleLoad",
      ])
    var there: Set<String> = []
    for dn in [setup.base, setup.account, setup.defaultPolicy] + [setup.defaultPolicy.parent].compactMap({ $0 }) {
      if await exists(dn) { there.insert(dn.text) }
    }
    return SlapdNeeds(setup, configuration, isThere: { there.contains($0.text) }, schema)
  }

  private func exists(_ dn: DistinguishedName) async -> Bool {
    let found = try? await session.search(base: dn, scope: .base, filter: .present("objectClass"), attributes: ["1.1"])
    return found?.isEmpty == false
  }

  /// Adds one part.
  ///
  /// - Parameters:
  ///   - administrator: a session of whoever may write the directory itself.
  ///   - password: of the account that is made.
  func add(
    _ part: SlapdSetup.Part, _ setup: SlapdSetup, administrator: LDAPSession?, password: [UInt8]
  ) async throws(LDAPError) {
    guard let target = part.isConfiguration ? session : administrator else { return }
    guard let records = try? LDIF.parse(setup.ldif([part])) else { return }
    for record in records {
      switch record {
      case .change(let operation): try await target.perform(operation)
      case .entry(let entry):
        let attributes = entry.attributes.map { attribute in
          attribute.name == "userPassword" ? Attribute("userPassword", [AttributeValue(bytes: password)]) : attribute
        }
        try await target.perform(.add(entry.dn, attributes))
      }
    }
  }
}
