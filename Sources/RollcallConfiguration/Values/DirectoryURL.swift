/// The address of a directory server: scheme, host and port of an LDAP URL (RFC 4516), without its other parts.
package struct DirectoryURL: Hashable, Sendable, CustomStringConvertible {
  package enum Scheme: String, CaseIterable, Sendable {
    case ldap
    /// TLS from the first octet.
    case ldaps
    /// A Unix domain socket; its percent-encoded path takes the place of the host.
    case ldapi
  }

  /// The whole URL, in the form that libldap takes.
  package let text: String
  package let scheme: Scheme
  /// The name, the address (an IPv6 address without its brackets) or the percent-encoded socket path; empty
  /// for `ldapi:///`, the built-in socket.
  package let host: String
  /// nil: the scheme's default, 389 or 636.
  package let port: Int?

  /// Why a text is not such a URL; used in messages: `"http://x": the scheme must be …`.
  package struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
  }

  package init(parsing text: String) throws(Invalid) {
    let schemes = "ldap://, ldaps:// or ldapi://"
    guard let separator = text.utf8.firstRange(of: "://".utf8) else {
      throw Invalid(description: "is not a URL; it must begin with \(schemes)")
    }
    guard let scheme = Scheme(rawValue: text[..<separator.lowerBound].lowercased()) else {
      throw Invalid(description: "has an unknown scheme; it must begin with \(schemes)")
    }
    var authority = text[separator.upperBound...]
    if authority.hasSuffix("/") { authority.removeLast() }
    guard !authority.contains(where: { $0 == "/" || $0 == "?" || $0 == "#" }) else {
      throw Invalid(
        description: scheme == .ldapi
          ? "writes the socket's path with %2f for each /" : "has more than scheme, host and port")
    }
    guard !authority.contains("@") else {
      throw Invalid(description: "contains a user; use directory.bind instead")
    }
    guard !authority.contains(where: { $0.isWhitespace || $0 == "," }) else {
      throw Invalid(description: "contains a blank or a comma; write several servers as a list")
    }
    (host, port) = try Self.hostAndPort(of: authority, scheme: scheme)
    self.text = text
    self.scheme = scheme
  }

  private static func hostAndPort(
    of authority: Substring, scheme: Scheme
  ) throws(Invalid) -> (String, Int?) {
    if scheme == .ldapi { return (String(authority), nil) }
    var host = authority
    var port: Substring?
    if authority.hasPrefix("[") {
      guard let bracket = authority.firstIndex(of: "]") else {
        throw Invalid(description: "lacks the closing ] of its address")
      }
      host = authority[authority.index(after: authority.startIndex)..<bracket]
      let rest = authority[authority.index(after: bracket)...]
      guard rest.isEmpty || rest.hasPrefix(":") else {
        throw Invalid(description: "has text after the ] of its address")
      }
      port = rest.isEmpty ? nil : rest.dropFirst()
    } else if let colon = authority.firstIndex(of: ":") {
      host = authority[..<colon]
      port = authority[authority.index(after: colon)...]
      guard port?.contains(":") == false else {
        throw Invalid(description: "needs [ ] around an IPv6 address")
      }
    }
    guard !host.isEmpty else { throw Invalid(description: "names no host") }
    guard let port else { return (String(host), nil) }
    guard let number = UInt16(port), number > 0, port.first != "+" else {
      throw Invalid(description: "has a port that is not between 1 and 65535")
    }
    return (String(host), Int(number))
  }

  /// Whether the traffic stays on this machine.
  package var isLocal: Bool {
    scheme == .ldapi || host.lowercased() == "localhost" || host == "::1" || Self.isLoopbackAddress(host)
  }

  /// 127.0.0.0/8 in dotted form; a host name like `127.example.com` does not count.
  private static func isLoopbackAddress(_ host: String) -> Bool {
    let octets = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return octets.count == 4 && octets[0] == 127 && !octets.contains(nil)
  }

  package var description: String { text }
}
