internal import CLDAP
internal import LDAPModel
internal import Reactor

extension LDAPSession {
  /// Connects, secures the connection and binds.
  ///
  /// - Throws: `connectError`, `timeout` or the code of a refused bind, each with advice.
  public static func open(_ options: LDAPOptions) async throws(LDAPError) -> LDAPSession {
    let deadline = ContinuousClock.now + options.connectTimeout
    let opening = Opening(options, deadline: deadline)
    if let failure = await opening.result() { throw failure }
    guard let handle = opening.take() else {
      throw LDAPError(code: .localError, operation: "connect \(options.url)")
    }
    let session = LDAPSession(options, handle)
    do {
      try await session.bind(before: deadline)
      return session
    } catch {
      session.close()
      throw error
    }
  }

  private func bind(before deadline: ContinuousClock.Instant) async throws(LDAPError) {
    let limit = max(deadline - ContinuousClock.now, .milliseconds(1))
    switch options.bind {
    case .anonymous, .gssapi:
      // Opening has done what there is to do.
      return
    case .simple(let dn, let password):
      guard !password.isEmpty else {
        // RFC 4513 section 5.1.2: with a name and no password the bind would succeed as anonymous.
        throw LDAPError(
          code: .inappropriateAuthentication, diagnostic: "the password is empty", operation: "bind \(dn)")
      }
      try await bind(dn, mechanism: nil, password.bytes, limit)
    case .external:
      try await bind("", mechanism: "EXTERNAL", [], limit)
    }
  }

  private func bind(
    _ dn: String, mechanism: String?, _ credentials: [UInt8], _ limit: Duration
  ) async throws(LDAPError) {
    let outcome: Result<Void, LDAPError> = await unsafe withUnsafeContinuation { continuation in
      let outcome = Pending.Outcome.write { result in unsafe continuation.resume(returning: result) }
      guard let ld = unsafe handle?.ld else { return refuse(.serverDown, "", .bind, dn, outcome) }
      var id: Int32 = 0
      var credentials = credentials
      let code = unsafe credentials.withUnsafeMutableBytes { bytes in
        var value = unsafe berval(
          bv_len: ber_len_t(bytes.count), bv_val: bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
        return unsafe ldap_sasl_bind(ld, dn, mechanism, &value, nil, nil, &id)
      }
      guard code == LDAP_SUCCESS else { return unsent(code, .bind, dn, outcome) }
      sent(id, .bind, dn, outcome, within: limit)
    }
    do { try outcome.get() } catch { throw LDAPSession.advise(error, mechanism) }
  }

  /// Adds advice to refusals that have a usual cause.
  private static func advise(_ error: LDAPError, _ mechanism: String?) -> LDAPError {
    let advice: String? =
      switch error.code {
      case .invalidCredentials where mechanism == nil: "check the bind DN and its password"
      case .invalidCredentials, .inappropriateAuthentication, .authMethodNotSupported:
        mechanism == nil
          ? "the server does not allow a simple bind for this DN"
          : "EXTERNAL needs ldapi, or TLS with a client certificate that the server trusts"
      case .strongerAuthRequired, .confidentialityRequired: "the server requires TLS: use ldaps:// or starttls"
      default: nil
      }
    guard let advice else { return error }
    var error = error
    error.diagnostic += error.diagnostic.isEmpty ? advice : "; " + advice
    return error
  }
}

extension Opening {
  /// Runs the blocking part on a thread; nil is success.
  ///
  /// The thread enforces its own deadline, except during name resolution and while it waits for a KDC, which cannot be
  /// interrupted: then it is abandoned.
  @Reactor
  func result() async -> LDAPError? {
    await unsafe withUnsafeContinuation { continuation in
      let race = unsafe Race(continuation)
      Reactor.loop.after(options.connectTimeout + .milliseconds(200)) {
        race.end(self.delay)
      }
      Reactor.task { race.end(await Reactor.blocking { self.run() }) }
    }
  }

  /// Only the first result counts.
  @safe @Reactor
  private final class Race {
    private var continuation: UnsafeContinuation<LDAPError?, Never>?

    init(_ continuation: UnsafeContinuation<LDAPError?, Never>) {
      unsafe self.continuation = continuation
    }

    func end(_ result: LDAPError?) {
      unsafe continuation?.resume(returning: result)
      unsafe continuation = nil
    }
  }
}
