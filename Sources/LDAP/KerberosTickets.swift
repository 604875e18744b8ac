internal import CKerberos

/// The tickets of one connection: a principal's first ticket, got with its key in a keytab, and one for the server.
///
/// Each connection gets its own, in a cache in memory that nobody else sees: none is ever near its end, a keytab that was
/// exported again is used with the next connection, and nothing is on disk. Everything here blocks while it talks to the
/// realm's KDC.
@safe
final class KerberosTickets {
  private var context: krb5_context?
  private var client: krb5_principal?
  private var cache: krb5_ccache?

  /// - Parameters:
  ///   - principal: with its realm, `rollcall@EXAMPLE.COM`.
  ///   - keytab: the path of the file with its key.
  init(_ principal: String, keytab: String) throws(KerberosFailure) {
    try check(unsafe krb5_init_context(&context))
    try check(unsafe krb5_parse_name(context, principal, &client))
    var keys: krb5_keytab?
    try check(unsafe krb5_kt_resolve(context, "FILE:\(keytab)", &keys))
    defer { unsafe krb5_kt_close(context, keys) }
    var first = unsafe krb5_creds()
    try check(unsafe krb5_get_init_creds_keytab(context, &first, client, keys, 0, nil, nil))
    defer { unsafe krb5_free_cred_contents(context, &first) }
    try check(unsafe krb5_cc_new_unique(context, "MEMORY", nil, &cache))
    // The KDC may have returned the name in another form.
    try check(unsafe krb5_cc_initialize(context, cache, first.client))
    try check(unsafe krb5_cc_store_cred(context, cache, &first))
  }

  deinit {
    if unsafe cache != nil { unsafe krb5_cc_destroy(context, cache) }
    if unsafe client != nil { unsafe krb5_free_principal(context, client) }
    if unsafe context != nil { unsafe krb5_free_context(context) }
  }

  /// Gets the ticket for a server's LDAP service, `ldap/host` in the realm that the host belongs to.
  func get(forServer host: String) throws(KerberosFailure) {
    var wanted = unsafe krb5_creds()
    try check(unsafe krb5_sname_to_principal(context, host, "ldap", KRB5_NT_SRV_HST, &wanted.server))
    defer { unsafe krb5_free_principal(context, wanted.server) }
    try check(unsafe krb5_cc_get_principal(context, cache, &wanted.client))
    defer { unsafe krb5_free_principal(context, wanted.client) }
    var found: UnsafeMutablePointer<krb5_creds>?
    let code = unsafe krb5_get_credentials(context, 0, cache, &wanted, &found)
    guard code == 0 else {
      let failure = failure(code)
      throw KerberosFailure(code: code, message: "ticket for ldap/\(host): \(failure.message)")
    }
    unsafe krb5_free_creds(context, found)
  }

  /// Makes them those that this thread's binds use, until ``withdraw()``.
  func offer() throws(KerberosFailure) {
    var name: UnsafeMutablePointer<CChar>?
    try check(unsafe krb5_cc_get_full_name(context, cache, &name))
    defer { unsafe krb5_free_string(context, name) }
    var minor: OM_uint32 = 0
    let status = unsafe gss_krb5_ccache_name(&minor, name, nil)
    if status != GSS_S_COMPLETE { throw failure(krb5_error_code(bitPattern: minor)) }
  }

  /// Whom they are for, as the KDC says.
  func name() throws(KerberosFailure) -> String {
    var holder: krb5_principal?
    var text: UnsafeMutablePointer<CChar>?
    try check(unsafe krb5_cc_get_principal(context, cache, &holder))
    defer { unsafe krb5_free_principal(context, holder) }
    try check(unsafe krb5_unparse_name(context, holder, &text))
    defer { unsafe krb5_free_unparsed_name(context, text) }
    return unsafe text.map { unsafe String(cString: $0) } ?? ""
  }

  func withdraw() {
    var minor: OM_uint32 = 0
    _ = unsafe gss_krb5_ccache_name(&minor, nil, nil)
  }

  private func check(_ code: krb5_error_code) throws(KerberosFailure) {
    if code != 0 { throw failure(code) }
  }

  private func failure(_ code: krb5_error_code) -> KerberosFailure {
    guard let text = unsafe krb5_get_error_message(context, code) else {
      return KerberosFailure(code: code, message: "Kerberos error \(code)")
    }
    defer { unsafe krb5_free_error_message(context, text) }
    return KerberosFailure(code: code, message: unsafe String(cString: text))
  }
}
