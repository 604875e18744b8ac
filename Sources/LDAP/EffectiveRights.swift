internal import CLDAP
public import LDAPModel

extension LDAPSession {
  /// The rights of `account` on an attribute of an entry, as letters: r(ead), s(earch), c(ompare), w(rite: add),
  /// o(bliterate: delete). For servers with the control Get Effective Rights (389 Directory Server,
  /// draft-ietf-ldapext-acl-model), in which every account may query its own rights.
  ///
  /// - Returns: nil if the server does not report them.
  public func rights(
    of account: String, to attribute: String, in dn: DistinguishedName
  ) async throws(LDAPError) -> String? {
    let query = SearchQuery(
      base: dn, scope: .base, filter: .present("objectClass"), attributes: [attribute, "attributeLevelRights"])
    let found = try await page(query, sizeLimit: 0, control: RightsRequest(account: account)).entries.first
    let words = (found?["attributeLevelRights"].first?.text ?? "").split(separator: ",")
    let prefix = attribute.lowercased() + ":"
    return words.lazy.map { $0.drop { $0 == " " } }.first { $0.lowercased().hasPrefix(prefix) }
      .map { String($0.dropFirst(prefix.count)) }
  }

  /// The OID of that control.
  public static var effectiveRights: String { RightsRequest.oid }
}

/// The account whose rights are queried.
struct RightsRequest: SearchControl {
  static let oid = "1.3.6.1.4.1.42.2.27.9.5.2"
  let account: String

  var octets: [UInt8] { Array("dn: \(account)".utf8) }

  /// The control is critical, because an answer without it would mean something else.
  func make(
    _ ld: OpaquePointer, _ value: inout berval, _ control: inout UnsafeMutablePointer<LDAPControl>?
  ) -> Int32 {
    unsafe ldap_control_create(Self.oid, 1, &value, 1, &control)
  }
}
