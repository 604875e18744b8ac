internal import CLDAP
internal import Glibc
internal import LDAPModel
internal import Synchronization

/// The part of opening a session that blocks: name resolution, connect, StartTLS, the TLS handshake, Kerberos.
///
/// Runs on a thread of its own until its deadline and keeps the finished handle for the session. If nobody takes it,
/// because name resolution or a KDC has exceeded the deadline, it is closed with this object.
final class Opening: Sendable {
  let options: LDAPOptions
  let deadline: ContinuousClock.Instant
  /// What can exceed the deadline.
  let step = Mutex(Step.naming)
  private let finished = Mutex<Handle?>(nil)

  enum Step {
    case naming
    case tickets
  }

  init(_ options: LDAPOptions, deadline: ContinuousClock.Instant) {
    self.options = options
    self.deadline = deadline
  }

  /// The handle, once.
  func take() -> sending Handle? {
    finished.withLock { $0.take() }
  }

  /// Why the deadline has passed.
  var delay: LDAPError {
    if case .gssapi(let principal, _) = options.bind, step.withLock({ $0 }) == .tickets {
      return LDAPError(
        code: .timeout, diagnostic: "no KDC of its realm answers in time; \(KerberosFailure.reachingAdvice)",
        operation: "bind \(principal)")
    }
    return failure(.timeout, "name resolution takes too long; check the host name and the resolver")
  }

  /// Does all steps; nil is success.
  func run() -> LDAPError? {
    do {
      try finished.withLock { slot throws(LDAPError) in slot = try connect() }
      return nil
    } catch {
      return error
    }
  }

  private func connect() throws(LDAPError) -> sending Handle {
    guard Library.isReady else { throw failure(.localError, "libldap cannot be initialised") }
    let address: ServerAddress
    do { address = try ServerAddress(options.url) } catch { throw failure(.parameterError, error.reason) }
    if options.startTLS && address.scheme != .ldap {
      throw failure(.parameterError, "starttls requires ldap://, not \(address.scheme)://")
    }
    let descriptor: Int32
    do {
      descriptor = try Dialer.connect(address, deadline)
    } catch {
      throw failure(error.timedOut ? .timeout : .connectError, error.reason)
    }
    let wire = Wire(descriptor)
    wire.deadline = deadline
    guard let handle = Handle.over(wire, url: options.url, largest: options.largestAnswer) else {
      throw failure(.localError, "libldap cannot allocate a handle")
    }
    if options.startTLS { try askForTLS(handle) }
    if options.startTLS || address.scheme == .ldaps { try handshake(handle, address.host) }
    if case .gssapi(let principal, let keytab) = options.bind {
      try bind(handle, as: principal, keytab: keytab, host: address.host)
    }
    wire.deadline = nil
    return handle
  }

  /// The StartTLS request and its answer (RFC 4511 section 4.14).
  private func askForTLS(_ handle: borrowing Handle) throws(LDAPError) {
    var id: Int32 = 0
    let asked = unsafe ldap_start_tls(handle.ld, nil, nil, &id)
    guard asked == LDAP_SUCCESS else { throw broken(handle) }
    let message = unsafe Message(try receive(handle, id, to: "StartTLS"), handle.ld)
    guard message.tag == LDAP_RES_EXTENDED else {
      throw failure(.decodingError, "the server breaks the protocol: its answer to StartTLS is of another kind")
    }
    let result = message.result()
    guard result.code == .success else {
      throw failure(result.code, "the server refuses StartTLS: \(result.diagnostic)")
    }
  }

  /// Sends the request of this id, and waits for its answer.
  func receive(_ handle: borrowing Handle, _ id: Int32, to request: String) throws(LDAPError) -> OpaquePointer {
    guard handle.wire.flush() else { throw broken(handle) }
    let left = max(deadline - ContinuousClock.now, .zero)
    var timeout = timeval(
      tv_sec: Int(left.components.seconds), tv_usec: Int(left.components.attoseconds / 1_000_000_000_000))
    var answer: OpaquePointer?
    let kind = unsafe ldap_result(handle.ld, id, Int32(LDAP_MSG_ALL), &timeout, &answer)
    guard let answer = unsafe answer else {
      if kind == 0 || handle.wire.timedOut { throw failure(.timeout, "the server does not answer \(request)") }
      throw broken(handle)
    }
    return unsafe answer
  }

  private func handshake(_ handle: borrowing Handle, _ host: String) throws(LDAPError) {
    let ld = unsafe handle.ld
    let (result, lines) = Library.listening {
      unsafe TLSSettings.apply(options, to: ld) ? ldap_install_tls(ld) : LDAP_CONNECT_ERROR
    }
    if result == LDAP_SUCCESS {
      if options.verify, let reason = ServerCertificate.refusal(handle) { throw failure(.connectError, reason) }
      return
    }
    if handle.wire.timedOut {
      throw failure(.timeout, "the server does not answer the TLS handshake; does it speak TLS on this port?")
    }
    throw failure(.connectError, TLSFailure.reason(lines, diagnostic: handle.diagnostic(), host: host))
  }

  private func broken(_ handle: borrowing Handle) -> LDAPError {
    let error = handle.wire.failure
    return failure(.connectError, error == 0 ? "the server closes the connection" : Dialer.message(error))
  }

  private func failure(_ code: ResultCode, _ reason: String) -> LDAPError {
    LDAPError(code: code, diagnostic: reason, operation: "connect \(options.url)")
  }
}
