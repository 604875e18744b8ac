internal import CLDAP
public import LDAPModel

extension LDAPSession {
  /// What the server would let `account` do with an attribute of an entry, as letters: r(ead), s(earch), c(ompare),
  /// w(rite: add), o(bliterate: delete). For servers with the control Get Effective Rights (389 Directory Server,
  /// draft-ietf-ldapext-acl-model), which lets everybody ask for themselves.
  ///
  /// - Returns: nil where the server does not say.
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

/// Whose rights are asked for.
struct RightsRequest: SearchControl {
  static let oid = "1.3.6.1.4.1.42.2.27.9.5.2"
  let account: String

  func withControl(
    _ ld: OpaquePointer, _ body: (UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>) -> Int32
  ) -> Int32 {
    var subject = Array("dn: \(account)".utf8)
    var control: UnsafeMutablePointer<LDAPControl>?
    let code = unsafe subject.withUnsafeMutableBytes { bytes in
      var value = unsafe berval(
        bv_len: ber_len_t(bytes.count), bv_val: bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
      // The value is copied; critical, because an answer without it says something else.
      return unsafe ldap_control_create(Self.oid, 1, &value, 1, &control)
    }
    guard code == LDAP_SUCCESS else { return code }
    defer { unsafe ldap_control_free(control) }
    let item = unsafe UnsafeMutablePointer<LDAPControl>?.self
    return unsafe withUnsafeTemporaryAllocation(of: item, capacity: 2) { list in
      unsafe list.initializeElement(at: 0, to: control)
      unsafe list.initializeElement(at: 1, to: nil)
      return unsafe body(list.baseAddress!)
    }
  }
}
