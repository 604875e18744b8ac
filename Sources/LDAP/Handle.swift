internal import CLDAP
internal import Glibc

/// The `LDAP *` of one connection, and the wire under it. Destroyed with this value, wherever that is.
///
/// It is made around a descriptor of our own (`ldap_init_fd`), so libldap never opens one: after a close it
/// cannot reconnect silently, unbound.
@safe
struct Handle: ~Copyable {
  let ld: OpaquePointer
  let wire: Wire

  /// Takes over the wire of a connected descriptor.
  ///
  /// - Parameters:
  ///   - url: where TLS finds the host name to verify.
  ///   - largest: octets of a message beyond which the connection is broken off; libldap takes any length otherwise,
  ///     and makes room for it at once.
  static func over(_ wire: Wire, url: String, largest: Int) -> Handle? {
    var made: OpaquePointer?
    guard unsafe ldap_init_fd(wire.descriptor, LDAP_PROTO_EXT, url, &made) == LDAP_SUCCESS,
      let ld = unsafe made
    else { return nil }
    let handle = unsafe Handle(ld: ld, wire: wire)
    var socket: OpaquePointer?
    var version: Int32 = LDAP_VERSION3
    var most = ber_len_t(largest)
    guard unsafe ldap_get_option(ld, LDAP_OPT_SOCKBUF, &socket) == LDAP_OPT_SUCCESS,
      let socket = unsafe socket,
      unsafe wire.install(under: socket),
      unsafe ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &most) == 1,
      unsafe ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS,
      // nil is LDAP_OPT_OFF. Active Directory's referrals would be followed anonymously.
      unsafe ldap_set_option(ld, LDAP_OPT_REFERRALS, nil) == LDAP_OPT_SUCCESS
    else { return nil }
    return handle
  }

  deinit {
    // Says goodbye into the wire's buffer; whether that is sent was decided before.
    _ = unsafe ldap_destroy(ld)
    if wire.hasOutput && wire.failure == 0 { _ = wire.flush() }
  }

  /// Whether TLS stands between libldap and the wire.
  var isEncrypted: Bool { unsafe ldap_tls_inplace(ld) == 1 }

  /// Whether something that has come in is still to be read: in the wire, or decrypted in the TLS layer.
  borrowing func hasInput() -> Bool {
    var socket: OpaquePointer?
    guard unsafe ldap_get_option(ld, LDAP_OPT_SOCKBUF, &socket) == LDAP_OPT_SUCCESS, let socket = unsafe socket
    else { return false }
    return unsafe ber_sockbuf_ctrl(socket, LBER_SB_OPT_DATA_READY, nil) == 1
  }

  /// libldap's code for the last failure.
  private var resultCode: Int32 {
    var code: Int32 = 0
    unsafe ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code)
    return code
  }

  /// libldap's words for the last failure.
  borrowing func diagnostic() -> String {
    var text: UnsafeMutablePointer<CChar>?
    unsafe ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text)
    guard let text = unsafe text else { return "" }
    defer { unsafe ldap_memfree(text) }
    return unsafe String(cString: text)
  }

  /// The next message that is here already.
  borrowing func next() -> Received {
    var message: OpaquePointer?
    var immediately = timeval()
    errno = 0
    let kind = unsafe ldap_result(ld, LDAP_RES_ANY, LDAP_MSG_ONE, &immediately, &message)
    // What is no message sets ERANGE or another code. The end that TLS announces comes before that of the descriptor.
    let isClosed = errno == 0
    guard let message = unsafe message else {
      return kind == 0 ? .nothing : .failed(isClosed: isClosed && resultCode == LDAP_SERVER_DOWN)
    }
    return unsafe .message(Message(message, ld))
  }
}

enum Received: ~Copyable {
  case nothing
  case message(Message)
  /// The connection is gone. `isClosed`: nothing was wrong with what has come in.
  case failed(isClosed: Bool)
}
