internal import CLDAP
internal import Glibc
internal import LDAPModel
internal import Synchronization

/// The bind with SASL's mechanism GSSAPI, which is Kerberos (RFC 4752). It blocks, like everything else here.
extension Opening {
  /// The strength, in bits of the key, from which a SASL layer counts as encryption: AES-128.
  static let leastEncryption = 128

  func bind(
    _ handle: borrowing Handle, as principal: String, keytab: String, host: String
  ) throws(LDAPError) {
    let operation = "bind \(principal)"
    step.withLock { $0 = .tickets }
    let tickets: KerberosTickets
    let name: String
    do throws(KerberosFailure) {
      tickets = try KerberosTickets(principal, keytab: keytab)
      try tickets.get(forServer: host)
      name = try tickets.name()
      try tickets.offer()
    } catch {
      throw LDAPError(
        code: error.isUnreachable ? .connectError : .authUnknown, diagnostic: error.reason, operation: operation)
    }
    defer { tickets.withdraw() }
    let isSecured = handle.isTLS
    guard protect(handle, isSecured) else {
      throw LDAPError(code: .localError, diagnostic: "libldap has no SASL", operation: operation)
    }
    try converse(handle, isSecured, operation)
    // A plug-in of another Kerberos would take the tickets of whoever has run kinit.
    guard let user = handle.saslUser, user == name else {
      throw LDAPError(
        code: .authUnknown,
        diagnostic:
          "libsasl2 has bound as \(handle.saslUser ?? "nobody"): it needs libsasl2-modules-gssapi-mit, and no "
          + "other plug-in for GSSAPI",
        operation: operation)
    }
    guard isSecured || handle.layer >= Opening.leastEncryption else {
      throw LDAPError(
        code: .confidentialityRequired,
        diagnostic:
          "the server encrypts with \(handle.layer) bits, and \(Opening.leastEncryption) are needed: give its "
          + "account AES keys, or use ldaps:// or starttls",
        operation: operation)
    }
  }

  /// Inside TLS there is no second layer, which Active Directory refuses; instead the bind is tied to the server's
  /// certificate (RFC 5929 section 4), which it may demand. Without TLS the layer must encrypt.
  private func protect(_ handle: borrowing Handle, _ isSecured: Bool) -> Bool {
    let ld = unsafe handle.ld
    var least = ber_len_t(isSecured ? 0 : Opening.leastEncryption)
    var most = ber_len_t(isSecured ? 0 : Int(Int32.max))
    var binding = Int32(LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT)
    // Not nil is LDAP_OPT_ON: the service is that of the URL's host, not of what DNS makes of the address.
    return unsafe ldap_set_option(ld, LDAP_OPT_X_SASL_NOCANON, &least) == LDAP_OPT_SUCCESS
      && ldap_set_option(ld, LDAP_OPT_X_SASL_SSF_MIN, &least) == LDAP_OPT_SUCCESS
      && ldap_set_option(ld, LDAP_OPT_X_SASL_SSF_MAX, &most) == LDAP_OPT_SUCCESS
      && (!isSecured || ldap_set_option(ld, LDAP_OPT_X_SASL_CBINDING, &binding) == LDAP_OPT_SUCCESS)
  }

  /// Exchanges tokens with the server until both are content.
  private func converse(_ handle: borrowing Handle, _ isSecured: Bool, _ operation: String) throws(LDAPError) {
    var mechanism: UnsafePointer<CChar>?
    var id: Int32 = 0
    var answer: OpaquePointer?
    defer { if unsafe answer != nil { unsafe ldap_msgfree(answer) } }
    while true {
      let code = unsafe ldap_sasl_interactive_bind(
        handle.ld, nil, "GSSAPI", nil, nil, UInt32(LDAP_SASL_QUIET), { unsafe Opening.answer($3) }, nil, answer,
        &mechanism, &id)
      if code == LDAP_SUCCESS { return }
      guard code == LDAP_SASL_BIND_IN_PROGRESS else {
        throw refusal(ResultCode(rawValue: code), handle.diagnostic(), isSecured, operation)
      }
      if unsafe answer != nil { unsafe ldap_msgfree(answer) }
      unsafe answer = nil
      unsafe answer = try receive(handle, id, to: operation)
    }
  }

  /// Answers libsasl2's questions, which is whom to act for: for whom the ticket is.
  private static func answer(_ questions: UnsafeMutableRawPointer?) -> Int32 {
    guard var question = unsafe questions?.assumingMemoryBound(to: sasl_question.self) else { return LDAP_PARAM_ERROR }
    let nothing: StaticString = ""
    // SASL_CB_LIST_END is 0.
    while unsafe question.pointee.id != 0 {
      unsafe question.pointee.result = UnsafeRawPointer(nothing.utf8Start)
      unsafe question.pointee.len = 0
      unsafe question += 1
    }
    return LDAP_SUCCESS
  }

  private func refusal(
    _ code: ResultCode, _ said: String, _ isSecured: Bool, _ operation: String
  ) -> LDAPError {
    let advice: String? =
      switch code {
      case .authUnknown where said.contains("No worthy mechs") || said.contains("no mechanism available"):
        "libsasl2 lacks its GSSAPI plug-in: install libsasl2-modules-gssapi-mit"
      case .authUnknown where said.contains("too weak"):
        "the server does not encrypt with \(Opening.leastEncryption) bits or more: allow it to, or use ldaps:// or starttls"
      case .invalidCredentials:
        "the server refuses the ticket: its keytab does not hold its account's present key, or "
          + KerberosFailure.clockAdvice
      case .other: "the server cannot use the ticket: look at its keytab, and at its log"
      case .authMethodNotSupported: "the server has no GSSAPI: give slapd a keytab and libsasl2-modules-gssapi-mit"
      // Samba's "ldap server require strong auth = yes".
      case .strongerAuthRequired where isSecured:
        "the server takes no ticket inside TLS: use ldap:// without starttls, over which Kerberos itself encrypts"
      case .strongerAuthRequired, .confidentialityRequired: "the server requires TLS: use ldaps:// or starttls"
      default: nil
      }
    let words = [said, advice ?? ""].filter { !$0.isEmpty }
    return LDAPError(code: code, diagnostic: words.joined(separator: "; "), operation: operation)
  }
}
