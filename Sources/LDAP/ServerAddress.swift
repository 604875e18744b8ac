internal import CLDAP
internal import Glibc

/// The address parts of a directory's URI.
struct ServerAddress: Sendable {
  enum Scheme: String, Sendable { case ldap, ldaps, ldapi }

  let scheme: Scheme
  /// The host's name or address; for `ldapi` the socket's path.
  let host: String
  let port: Int

  /// Default socket paths if `ldapi` names none: libldap's path on Debian, then on other systems.
  private static let usualSockets = ["/run/slapd/ldapi", "/run/ldapi", "/run/openldap/ldapi"]

  init(_ url: String) throws(InvalidAddress) {
    var description: UnsafeMutablePointer<LDAPURLDesc>?
    let failure = unsafe ldap_url_parse(url, &description)
    guard failure == 0, let parts = unsafe description else {
      throw InvalidAddress(reason: "not a URI of the form ldap://host:port, ldaps://host or ldapi://path")
    }
    defer { unsafe ldap_free_urldesc(parts) }
    guard let name = unsafe parts.pointee.lud_scheme,
      let scheme = unsafe Scheme(rawValue: String(cString: name).lowercased())
    else { throw InvalidAddress(reason: "its scheme is none of ldap, ldaps and ldapi") }
    self.scheme = scheme
    port = unsafe Int(parts.pointee.lud_port)
    let host = unsafe parts.pointee.lud_host.map { unsafe String(cString: $0) } ?? ""
    switch scheme {
    case .ldapi where host.isEmpty:
      self.host =
        ServerAddress.usualSockets.first { unsafe access($0, F_OK) == 0 } ?? ServerAddress.usualSockets[0]
    case _ where host.isEmpty: self.host = "localhost"
    default: self.host = host
    }
  }
}

struct InvalidAddress: Error {
  let reason: String
}
