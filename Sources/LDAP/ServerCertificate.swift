internal import CLDAP
internal import LDAPModel

/// A check that libldap with GnuTLS omits when it verifies a server's certificate: the extended key usage.
enum ServerCertificate {
  /// Why the server's certificate is not for servers; nil if it is.
  ///
  /// An authority may issue certificates to people and machines as clients only: without this check, anybody who has
  /// one and can intercept the connection could impersonate the directory (RFC 5280 section 4.2.1.12).
  static func refusal(_ handle: borrowing Handle) -> String? {
    var certificate = unsafe berval()
    guard unsafe ldap_get_option(handle.ld, LDAP_OPT_X_TLS_PEERCERT, &certificate) == LDAP_OPT_SUCCESS,
      unsafe certificate.bv_val != nil
    else { return "the server's certificate is refused: it cannot be read" }
    defer { unsafe ldap_memfree(certificate.bv_val) }
    let bytes = unsafe UnsafeRawBufferPointer(start: certificate.bv_val, count: Int(certificate.bv_len))
    return unsafe isForServers(Array(bytes))
      ? nil
      : "the server's certificate is refused: it is not for servers (its extendedKeyUsage lacks serverAuth)"
  }

  /// Whether a certificate (DER) allows servers, any usage, or does not restrict it.
  ///
  /// If it cannot be parsed, the TLS library has verified it nevertheless, and its usage is unknown: it is then
  /// refused.
  static func isForServers(_ certificate: [UInt8]) -> Bool {
    var whole = BERElements(certificate[...])
    guard var outer = whole.next(0x30), var body = outer.next(0x30) else { return false }
    while let element = body.take() {
      guard element.tag == extensions else { continue }
      var wrapped = element.contents
      guard var list = wrapped.next(0x30) else { return false }
      while let one = list.take() {
        var parts = one.contents
        guard one.tag == 0x30, let name = parts.next(0x06) else { return false }
        guard name.rest.elementsEqual(extendedKeyUsage) else { continue }
        guard let usages = usages(&parts) else { return false }
        return usages.contains { $0.elementsEqual(serverAuth) || $0.elementsEqual(anyUsage) }
      }
    }
    return true
  }

  private static func usages(_ parts: inout BERElements) -> [ArraySlice<UInt8>]? {
    guard var value = parts.take() else { return nil }
    if value.tag == 0x01 {  // critical
      guard let next = parts.take() else { return nil }
      value = next
    }
    var wrapped = value.contents
    guard value.tag == 0x04, var list = wrapped.next(0x30) else { return nil }
    var usages: [ArraySlice<UInt8>] = []
    while let usage = list.take() { usages.append(usage.contents.rest) }
    return usages
  }

  /// `[3] EXPLICIT Extensions` of TBSCertificate.
  private static let extensions: UInt8 = 0xA3
  /// 2.5.29.37, 1.3.6.1.5.5.7.3.1 and 2.5.29.37.0.
  private static let extendedKeyUsage: [UInt8] = [0x55, 0x1D, 0x25]
  private static let serverAuth: [UInt8] = [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01]
  private static let anyUsage: [UInt8] = [0x55, 0x1D, 0x25, 0x00]
}
