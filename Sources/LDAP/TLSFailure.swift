/// Why a TLS handshake failed, with advice.
enum TLSFailure {
  /// - Parameters:
  ///   - lines: libldap's trace output, each line without its `TLS: `.
  ///   - diagnostic: LDAP_OPT_DIAGNOSTIC_MESSAGE; it is specific only if libldap uses OpenSSL.
  static func reason(_ lines: [String], diagnostic: String, host: String) -> String {
    for line in lines {
      if let status = status(in: line) {
        return "the server's certificate is refused: \(advice(status))"
      }
      if line.hasPrefix("hostname (") || line.hasPrefix("unable to get common name") {
        return "the server's certificate is not for \(host): \(trimmed(line)); "
          + "name the server in the url as its certificate does\(localhost(host))"
      }
      if line.hasPrefix("peer certificate is expired") {
        return "the server's certificate is refused: it has expired"
      }
      if line.hasPrefix("could not use") || line.hasPrefix("only one of") || line.hasPrefix("opening `") {
        return trimmed(line)
      }
    }
    let said = lines.last { $0.hasPrefix("can't connect") } ?? diagnostic
    return (said.isEmpty ? "the handshake failed" : trimmed(said))
      + "; does the server speak TLS on this port (ldaps: 636, with starttls: 389)?"
  }

  /// libldap compares the certificate with this machine's own name if the URL says localhost.
  private static func localhost(_ host: String) -> String {
    host.lowercased() == "localhost" ? " (libldap takes localhost for this machine's own name)" : ""
  }

  private static func trimmed(_ line: String) -> String {
    String(line.reversed().drop { $0.isWhitespace || $0 == "." }.reversed())
  }

  /// The bits of `peer cert untrusted or revoked (0x42)`: gnutls_certificate_status_t.
  private static func status(in line: String) -> UInt32? {
    guard line.hasPrefix("peer cert untrusted"), let start = line.firstIndex(of: "x") else { return nil }
    return UInt32(line[start...].dropFirst().prefix { $0.isHexDigit }, radix: 16)
  }

  private static func advice(_ status: UInt32) -> String {
    let reasons: [(bit: UInt32, text: String)] = [
      (1 << 10, "it has expired"),
      (1 << 9, "it is not valid yet; is this machine's clock correct?"),
      (1 << 5, "it was revoked"),
      (1 << 8, "it is signed with an algorithm that is no longer safe"),
      (1 << 6, "its issuer is not among the trusted authorities; name the authority's file as ca"),
      (1 << 7, "its issuer is not a CA"),
      (1 << 11, "its signature is wrong"),
      (1 << 18, "it is not for this purpose"),
    ]
    let found = reasons.filter { status & $0.bit != 0 }.map(\.text)
    return found.isEmpty ? "status 0x" + String(status, radix: 16) : found.joined(separator: ", ")
  }
}
