internal import CLDAP
internal import Glibc
internal import Synchronization

/// libldap's process-wide state.
enum Library {
  /// Initializes libldap, once, before any other call to it. May block: libldap looks up this machine's name.
  static let isReady: Bool = {
    // Otherwise ldap.conf, ~/.ldaprc and LDAP* variables change how the daemon behaves (ldap.conf(5)).
    unsafe setenv("LDAPNOINIT", "1", 1)
    var version: Int32 = LDAP_VERSION3
    let made = unsafe ldap_set_option(nil, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS
    let print: @convention(c) (UnsafePointer<CChar>?) -> Void = { line in
      guard let line = unsafe line else { return }
      Library.heard(unsafe String(cString: line))
    }
    unsafe ber_set_option(nil, LBER_OPT_LOG_PRINT_FN, unsafeBitCast(print, to: UnsafeRawPointer.self))
    return made
  }()

  /// LDAP_DEBUG_TRACE of libldap's ldap_log.h, which is not installed.
  private static let traceLevel: Int32 = 1

  /// libldap's trace output about TLS, by thread; only threads that listen are included.
  private static let heardLines = Mutex<[UInt: [String]]>([:])

  /// Runs a TLS handshake and returns what libldap traced about it on this thread.
  ///
  /// With GnuTLS the reason why a certificate was refused (unknown issuer, expired, wrong name) is only in the trace;
  /// the diagnostic message says "Error in the certificate" at best. The trace level is global, so other sessions
  /// also trace while a handshake lasts; their output is discarded.
  static func listening(_ handshake: () -> Int32) -> (result: Int32, lines: [String]) {
    let thread = UInt(pthread_self())
    let first = heardLines.withLock { lines in
      lines[thread] = []
      return lines.count == 1
    }
    if first { setTrace(traceLevel) }
    let result = handshake()
    let lines = heardLines.withLock { lines in
      let own = lines.removeValue(forKey: thread) ?? []
      if lines.isEmpty { setTrace(0) }
      return own
    }
    return (result, lines)
  }

  private static func heard(_ line: String) {
    guard line.hasPrefix("TLS: ") else { return }
    let thread = UInt(pthread_self())
    heardLines.withLock { lines in
      guard (lines[thread]?.count ?? 100) < 100 else { return }
      lines[thread]?.append(String(line.dropFirst(5)))
    }
  }

  private static func setTrace(_ level: Int32) {
    var level = level
    unsafe ldap_set_option(nil, LDAP_OPT_DEBUG_LEVEL, &level)
  }
}
