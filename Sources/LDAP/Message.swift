internal import CLDAP
internal import LDAPModel

/// An `LDAPMessage *`, freed with this value.
@safe
struct Message: ~Copyable {
  /// The result of an operation (RFC 4511 section 4.1.9).
  struct Result {
    var code: ResultCode
    var matchedDN = ""
    var diagnostic = ""
  }

  enum Kind {
    /// An entry that was found.
    case entry
    /// A search reference or an intermediate response; neither ends an operation.
    case aside
    /// The end of an operation.
    case result
    /// Unsolicited (RFC 4511 section 4.4).
    case unsolicited
  }

  private let message: OpaquePointer
  private let ld: OpaquePointer

  init(_ message: OpaquePointer, _ ld: OpaquePointer) {
    unsafe self.message = message
    unsafe self.ld = ld
  }

  deinit {
    _ = unsafe ldap_msgfree(message)
  }

  /// The request it answers; 0 for an unsolicited notification.
  var id: Int32 { unsafe ldap_msgid(message) }
  /// The operation that it belongs to, as the tag of RFC 4511 section 4.2 and the following sections.
  var tag: ber_tag_t { ber_tag_t(bitPattern: Int(unsafe ldap_msgtype(message))) }
  var kind: Kind {
    if id == 0 { return .unsolicited }
    return switch tag {
    case LDAP_RES_SEARCH_ENTRY: .entry
    case LDAP_RES_SEARCH_REFERENCE, LDAP_RES_INTERMEDIATE: .aside
    default: .result
    }
  }

  /// Whether the server announces that it closes the connection (RFC 4511 section 4.4.1).
  borrowing func isNotice() -> Bool {
    guard tag == LDAP_RES_EXTENDED else { return false }
    var name: UnsafeMutablePointer<CChar>?
    guard unsafe ldap_parse_extended_result(ld, message, &name, nil, 0) == LDAP_SUCCESS, let name = unsafe name
    else { return false }
    defer { unsafe ldap_memfree(name) }
    return unsafe String(cString: name) == LDAP_NOTICE_OF_DISCONNECTION
  }

  borrowing func result() -> Result {
    var code: Int32 = 0
    // The strings are copied only if there are any.
    let parsed = unsafe ldap_parse_result(ld, message, &code, nil, nil, nil, nil, 0)
    guard parsed == LDAP_SUCCESS else { return Result(code: ResultCode(rawValue: parsed)) }
    guard code != LDAP_SUCCESS else { return Result(code: .success) }
    var matched: UnsafeMutablePointer<CChar>?
    var diagnostic: UnsafeMutablePointer<CChar>?
    var referrals: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    unsafe ldap_parse_result(ld, message, &code, &matched, &diagnostic, &referrals, nil, 0)
    defer {
      unsafe ldap_memfree(matched)
      unsafe ldap_memfree(diagnostic)
    }
    let words = [unsafe diagnostic.map { unsafe String(cString: $0) }, unsafe Message.referral(referrals)]
    return Result(
      code: ResultCode(rawValue: code), matchedDN: unsafe matched.map { unsafe String(cString: $0) } ?? "",
      diagnostic: words.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "; "))
  }

  /// Where a referral (RFC 4511 section 4.1.10) leads, as words; frees the list. Servers send no other message with it.
  private static func referral(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> String? {
    guard let list = unsafe list else { return nil }
    defer {
      unsafe UnsafeMutableRawPointer(list).withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: 1) {
        unsafe ldap_memvfree($0)
      }
    }
    guard let first = unsafe list[0] else { return nil }
    return "it refers to \(unsafe String(cString: first))"
  }

  /// The cookie for the next page (RFC 2696): empty after the last, nil when the server sent none at all.
  borrowing func pageCookie() -> [UInt8]? {
    var code: Int32 = 0
    var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
    unsafe ldap_parse_result(ld, message, &code, nil, nil, nil, &controls, 0)
    guard let controls = unsafe controls else { return nil }
    defer { unsafe ldap_controls_free(controls) }
    var estimate: Int32 = 0
    var cookie = unsafe berval()
    guard let control = unsafe ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nil),
      unsafe ldap_parse_pageresponse_control(ld, control, &estimate, &cookie) == LDAP_SUCCESS
    else { return nil }
    defer { unsafe ber_memfree(cookie.bv_val) }
    return unsafe Message.octets(cookie)
  }

  /// The identity in the answer to "Who am I?" (RFC 4532).
  borrowing func identity() -> String {
    var identity: UnsafeMutablePointer<berval>?
    guard unsafe ldap_parse_whoami(ld, message, &identity) == LDAP_SUCCESS, let identity = unsafe identity
    else {
      return ""
    }
    defer { unsafe ber_bvfree(identity) }
    return unsafe Message.text(identity.pointee)
  }

  /// The entry of a search result entry; nil if it cannot be decoded. `hasText` says whether its name is valid UTF-8:
  /// otherwise the name was repaired, and is not the entry's name.
  ///
  /// - Parameter expected: the expected number of attributes; a good guess saves allocations.
  borrowing func entry(expecting expected: Int) -> (entry: Entry, hasText: Bool)? {
    var walk: OpaquePointer?
    var name = unsafe berval()
    let started = unsafe ldap_get_dn_ber(ld, message, &walk, &name)
    defer { unsafe ber_free(walk, 0) }
    guard started == LDAP_SUCCESS else { return nil }
    let dn = unsafe Message.validText(name)
    var entry = unsafe Entry(DistinguishedName(unchecked: dn ?? Message.text(name)))
    entry.attributes.reserveCapacity(expected)
    while true {
      var type = unsafe berval()
      var values: UnsafeMutablePointer<berval>?
      let got = unsafe ldap_get_attribute_ber(ld, message, walk, &type, &values)
      guard got == LDAP_SUCCESS else { return nil }
      guard unsafe type.bv_val != nil else { return (entry, dn != nil) }
      entry.attributes.append(unsafe Attribute(Message.text(type), Message.list(values)))
      unsafe ber_memfree(values)
    }
  }

  /// The values of a null-terminated array; they are not copied out of the message.
  private static func list(_ values: UnsafeMutablePointer<berval>?) -> [AttributeValue] {
    guard let values = unsafe values else { return [] }
    var count = 0
    while unsafe values[count].bv_val != nil { count += 1 }
    // Most attributes have one value, and most of the time here is spent on allocation.
    if count == 1 { return unsafe [AttributeValue(bytes: octets(values[0]))] }
    return (0..<count).map { unsafe AttributeValue(bytes: octets(values[$0])) }
  }

  private static func octets(_ value: berval) -> [UInt8] {
    unsafe Array(UnsafeRawBufferPointer(start: value.bv_val, count: Int(value.bv_len)))
  }

  private static func validText(_ value: berval) -> String? {
    let bytes = unsafe UnsafeRawBufferPointer(start: value.bv_val, count: Int(value.bv_len))
    return unsafe String(validating: bytes, as: UTF8.self)
  }

  private static func text(_ value: berval) -> String {
    let bytes = unsafe UnsafeRawBufferPointer(start: value.bv_val, count: Int(value.bv_len))
    return unsafe String(decoding: bytes, as: UTF8.self)
  }
}
