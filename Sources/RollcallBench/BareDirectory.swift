internal import CLDAP
internal import Glibc

/// libldap without any layer above it: the floor's loops.
@safe
final class BareDirectory {
  private let ld: OpaquePointer
  private let descriptor: Int32
  private let memory = RequestBlock()

  init(_ access: DirectoryAccess) throws {
    var made: OpaquePointer?
    guard unsafe ldap_initialize(&made, access.url) == LDAP_SUCCESS, let ld = unsafe made else {
      throw BenchError("ldap_initialize")
    }
    unsafe self.ld = ld
    var version: Int32 = LDAP_VERSION3
    _ = unsafe ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version)
    var password = Array(access.password.utf8CString)
    let code = unsafe password.withUnsafeMutableBufferPointer { bytes in
      var credentials = unsafe berval(bv_len: ber_len_t(bytes.count - 1), bv_val: bytes.baseAddress)
      return unsafe ldap_sasl_bind_s(ld, access.dn, nil, &credentials, nil, nil, nil)
    }
    var descriptor: Int32 = -1
    _ = unsafe ldap_get_option(ld, LDAP_OPT_DESC, &descriptor)
    self.descriptor = descriptor
    guard code == LDAP_SUCCESS else { throw BenchError("bind: \(code)") }
  }

  deinit { _ = unsafe ldap_unbind_ext(ld, nil, nil) }

  // MARK: Requests

  func sendAdd(_ person: Person, below base: String) throws {
    memory.clear()
    let changes = unsafe memory.changes([
      (LDAP_MOD_ADD, "objectClass", ["inetOrgPerson"]), (LDAP_MOD_ADD, "uid", [person.uid]),
      (LDAP_MOD_ADD, "cn", [person.name]), (LDAP_MOD_ADD, "sn", [person.surname]),
      (LDAP_MOD_ADD, "mail", [person.mail]), (LDAP_MOD_ADD, "employeeNumber", ["\(person.key)"]),
    ])
    var id: Int32 = 0
    try check(unsafe ldap_add_ext(ld, person.dn(below: base), changes, nil, nil, &id), "add")
  }

  /// Changes one value as Rollcall does: deletes the old value and adds the new one.
  func sendModify(_ dn: String, _ attribute: String, from old: String, to new: String) throws {
    memory.clear()
    let changes = unsafe memory.changes([
      (LDAP_MOD_DELETE, attribute, [old]), (LDAP_MOD_ADD, attribute, [new]),
    ])
    var id: Int32 = 0
    try check(unsafe ldap_modify_ext(ld, dn, changes, nil, nil, &id), "modify")
  }

  func sendDelete(_ dn: String) throws {
    var id: Int32 = 0
    try check(unsafe ldap_delete_ext(ld, dn, nil, nil, &id), "delete")
  }

  // MARK: Loops

  /// Sends `count` requests, 64 in flight, and reads all answers.
  func pipeline(_ count: Int, tolerating tolerated: Int32? = nil, _ send: (Int) throws -> Void) throws {
    var (next, open) = (0, 0)
    while next < count || open > 0 {
      while open < 64, next < count {
        try send(next)
        next += 1
        open += 1
      }
      _ = try wait()
      while let answer = unsafe try receive() {
        var code: Int32 = 0
        _ = unsafe ldap_parse_result(ld, answer, &code, nil, nil, nil, nil, 1)
        if code != LDAP_SUCCESS, code != tolerated { throw BenchError("the directory answers \(code)") }
        open -= 1
      }
    }
  }

  /// Runs one search to its end; returns the number of entries, and the first value of an attribute of the last one.
  func search(
    _ base: String, subtree: Bool, _ filter: String, _ attribute: String
  ) throws -> (entries: Int, dn: String?, value: String?) {
    var id: Int32 = 0
    memory.clear()
    let scope = subtree ? LDAP_SCOPE_SUBTREE : LDAP_SCOPE_BASE
    let attributes = unsafe memory.strings([attribute])
    try check(unsafe ldap_search_ext(ld, base, scope, filter, attributes, 0, nil, nil, nil, 0, &id), "search")
    var found: (entries: Int, dn: String?, value: String?) = (0, nil, nil)
    while true {
      _ = try wait()
      while let message = unsafe try receive() {
        defer { unsafe ldap_msgfree(message) }
        guard unsafe ldap_msgtype(message) == LDAP_RES_SEARCH_ENTRY else { return found }
        found.entries += 1
        if let dn = unsafe ldap_get_dn(ld, message) {
          found.dn = unsafe String(cString: dn)
          unsafe ldap_memfree(dn)
        }
        if let values = unsafe ldap_get_values_len(ld, message, attribute) {
          if let value = unsafe values[0] {
            found.value = unsafe String(
              decoding: UnsafeRawBufferPointer(start: value.pointee.bv_val, count: Int(value.pointee.bv_len)),
              as: UTF8.self)
          }
          unsafe ldap_value_free_len(values)
        }
      }
    }
  }

  /// Reads all matching entries below `base` completely and discards them; returns their number.
  func readAll(_ base: String, _ filter: String, pageSize: Int?) throws -> Int {
    var entries = 0
    var cookie = unsafe berval()
    defer { unsafe ber_memfree(cookie.bv_val) }
    repeat {
      var control: UnsafeMutablePointer<LDAPControl>?
      if let pageSize {
        _ = unsafe ldap_create_page_control(ld, ber_int_t(pageSize), &cookie, 1, &control)
        unsafe ber_memfree(cookie.bv_val)
        unsafe cookie = berval()
      }
      defer { unsafe ldap_control_free(control) }
      var id: Int32 = 0
      var list = unsafe [control, nil]
      let code = unsafe list.withUnsafeMutableBufferPointer { list in
        unsafe ldap_search_ext(
          ld, base, LDAP_SCOPE_SUBTREE, filter, nil, 0, pageSize == nil ? nil : list.baseAddress, nil, nil, 0, &id)
      }
      try check(code, "search")
      entries += unsafe try readPage(&cookie, isPaged: pageSize != nil)
    } while unsafe cookie.bv_len > 0
    return entries
  }

  private func readPage(_ cookie: inout berval, isPaged: Bool) throws -> Int {
    var entries = 0
    while true {
      _ = try wait()
      while let message = unsafe try receive() {
        if unsafe ldap_msgtype(message) == LDAP_RES_SEARCH_ENTRY {
          entries += 1
          unsafe ldap_msgfree(message)
          continue
        }
        var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
        var code: Int32 = 0
        _ = unsafe ldap_parse_result(ld, message, &code, nil, nil, nil, &controls, 1)
        try check(code, "search")
        guard isPaged, let controls = unsafe controls else { return entries }
        var total: ber_int_t = 0
        _ = unsafe ldap_parse_pageresponse_control(ld, controls[0], &total, &cookie)
        unsafe ldap_controls_free(controls)
        return entries
      }
    }
  }

  private func wait() throws -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let ready = unsafe poll(&waiting, 1, 60_000)
    if ready <= 0 { throw BenchError("the directory has not answered within a minute") }
    return true
  }

  private func receive() throws -> OpaquePointer? {
    var message: OpaquePointer?
    var immediately = timeval()
    if unsafe ldap_result(ld, LDAP_RES_ANY, LDAP_MSG_ONE, &immediately, &message) < 0 {
      throw BenchError("the directory's connection is lost")
    }
    return unsafe message
  }

  private func check(_ code: Int32, _ what: String) throws {
    if code != LDAP_SUCCESS { throw BenchError("\(what): \(unsafe String(cString: ldap_err2string(code)))") }
  }
}

/// The directory and the credentials of the floor.
struct DirectoryAccess: Sendable {
  let url: String
  let dn: String
  let password: String
}
