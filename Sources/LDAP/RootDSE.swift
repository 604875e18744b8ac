internal import CLDAP
public import LDAPModel
internal import Reactor

/// A server's description of itself (RFC 4512 section 5.1).
public struct RootDSE: Sendable {
  /// The whole entry.
  public let entry: Entry

  /// The suffixes the server holds.
  public var namingContexts: [String] { texts("namingContexts") }
  /// OIDs of controls and extended operations.
  public var supportedControls: Set<String> { Set(texts("supportedControl")) }
  public var supportedExtensions: Set<String> { Set(texts("supportedExtension")) }
  /// SASL mechanisms.
  public var saslMechanisms: [String] { texts("supportedSASLMechanisms") }
  /// RFC 3045; slapd and Active Directory do not provide it.
  public var vendorName: String? { texts("vendorName").first }
  public var vendorVersion: String? { texts("vendorVersion").first }
  /// The entry that holds the schema.
  public var subschemaSubentry: DistinguishedName? {
    texts("subschemaSubentry").first.map(DistinguishedName.init(unchecked:))
  }
  /// Whether this is slapd, according to the object class of its root DSE.
  public var isOpenLDAP: Bool {
    texts("objectClass").contains { $0.lowercased() == "openldaprootdse" }
  }
  /// Whether this is Active Directory or Samba: LDAP_CAP_ACTIVE_DIRECTORY_OID ([MS-ADTS] 3.1.1.3.4.3).
  public var isActiveDirectory: Bool { texts("supportedCapabilities").contains("1.2.840.113556.1.4.800") }
  /// Whether it is a read-only domain controller: LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID.
  public var isReadOnlyController: Bool { texts("supportedCapabilities").contains("1.2.840.113556.1.4.1920") }
  /// Active Directory: whether it is ready as a global catalog; nil if the server does not say.
  public var isGlobalCatalogReady: Bool? { texts("isGlobalCatalogReady").first.map { $0 == "TRUE" } }

  private func texts(_ attribute: String) -> [String] { entry[attribute].compactMap(\.text) }
}

extension LDAPSession {
  /// Reads the root DSE.
  public func rootDSE() async throws(LDAPError) -> RootDSE {
    let found = try await search(
      base: "", scope: .base, filter: .present("objectClass"), attributes: ["*", "+"])
    guard let entry = found.first else {
      throw LDAPError(
        code: .noResultsReturned, diagnostic: "this account cannot read the server's root DSE",
        operation: "search root DSE")
    }
    return RootDSE(entry: entry)
  }

  /// Reads the schema that the server names in its root DSE (RFC 4512 section 4.4).
  public func schema() async throws(LDAPError) -> Schema {
    guard let name = try await rootDSE().subschemaSubentry else {
      throw LDAPError(
        code: .noResultsReturned, diagnostic: "the server names no subschemaSubentry",
        operation: "search root DSE")
    }
    let found = try await search(
      base: name, scope: .base, filter: .present("objectClass"),
      attributes: ["attributeTypes", "objectClasses", "dITContentRules"])
    guard let entry = found.first, !entry["attributeTypes"].isEmpty else {
      throw LDAPError(
        code: .noResultsReturned, diagnostic: "this account cannot read the server's schema",
        operation: "search \(name)")
    }
    return Schema(
      attributeTypes: entry["attributeTypes"].compactMap(\.text),
      objectClasses: entry["objectClasses"].compactMap(\.text),
      contentRules: entry["dITContentRules"].compactMap(\.text))
  }

  /// The server's identity for this session (RFC 4532), such as `dn:cn=rollcall,dc=example,dc=com`; empty for
  /// anonymous.
  public func whoAmI() async throws(LDAPError) -> String {
    let result: Result<String, LDAPError> = await unsafe withUnsafeContinuation { continuation in
      let outcome = Pending.Outcome.identity { result in unsafe continuation.resume(returning: result) }
      guard let ld = unsafe handle?.ld else { return refuse(.serverDown, "", .whoAmI, "", outcome) }
      var id: Int32 = 0
      let code = unsafe ldap_whoami(ld, nil, nil, &id)
      guard code == LDAP_SUCCESS else { return unsent(code, .whoAmI, "", outcome) }
      sent(id, .whoAmI, "", outcome)
    }
    return try result.get()
  }
}
