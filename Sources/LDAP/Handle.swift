internal import CLDAP
internal import Glibc

/// The `LDAP *` of one connection, and the wire below it. It is destroyed with this value.
///
/// It is made around a descriptor of our own (`ldap_init_fd`), so libldap never opens one: after a close it
/// cannot reconnect silently, unbound.
@safe
struct Handle: ~Copyable {
  let ld: OpaquePointer
  let wire: Wire

  /// Takes ownership of the wire of a connected descriptor.
  ///
  /// - Parameters:
  ///   - url: contains the host name that TLS verifies.
  ///   - largest: the size of a message in octets beyond which the connection is closed; otherwise libldap accepts
  ///     any length, and allocates memory for it at once.
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
      // nil is LDAP_OPT_OFF. libldap would follow Active Directory's referrals anonymously.
      unsafe ldap_set_option(ld, LDAP_OPT_REFERRALS, nil) == LDAP_OPT_SUCCESS
    else { return nil }
    return handle
  }

  deinit {
    // Writes the unbind to the wire's buffer; whether that is sent has been decided before.
    _ = unsafe ldap_destroy(ld)
    if wire.hasOutput && wire.failure == 0 { _ = wire.flush() }
  }

  /// Whether TLS is active between libldap and the wire.
  var isTLS: Bool { unsafe ldap_tls_inplace(ld) == 1 }

  /// The strength of the SASL layer between libldap and the wire, in bits of its key: 1 signs, more encrypt, 0 is none.
  var layer: Int {
    var strength = ber_len_t(0)
    return unsafe ldap_get_option(ld, LDAP_OPT_X_SASL_SSF, &strength) == LDAP_OPT_SUCCESS ? Int(strength) : 0
  }

  /// Whom libsasl2 has bound as; nil if it has not.
  var saslUser: String? {
    var name: UnsafeMutablePointer<CChar>?
    guard unsafe ldap_get_option(ld, LDAP_OPT_X_SASL_USERNAME, &name) == LDAP_OPT_SUCCESS, let name = unsafe name
    else { return nil }
    defer { unsafe ldap_memfree(name) }
    return unsafe String(cString: name)
  }

  /// Whether nobody on the way can read along.
  var isEncrypted: Bool { isTLS || layer >= Opening.leastEncryption }

  /// Whether there is unread input: in the wire, or decrypted in the TLS layer.
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

  /// libldap's message for the last failure.
  borrowing func diagnostic() -> String {
    var text: UnsafeMutablePointer<CChar>?
    unsafe ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text)
    guard let text = unsafe text else { return "" }
    defer { unsafe ldap_memfree(text) }
    return unsafe String(cString: text)
  }

  /// The next message that has arrived.
  borrowing func next() -> Received {
    var message: OpaquePointer?
    var immediately = timeval()
    errno = 0
    let kind = unsafe ldap_result(ld, LDAP_RES_ANY, LDAP_MSG_ONE, &immediately, &message)
    // An invalid message sets ERANGE or another code. TLS reports the end before the descriptor does.
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
  /// The connection is gone. `isClosed`: nothing was wrong with the input.
  case failed(isClosed: Bool)
}
