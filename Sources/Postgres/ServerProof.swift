internal import CPostgres

extension ConnectionOptions {
  /// Remote hosts that the connection does not authenticate, so that a password, and everything after it, is sent to
  /// whatever server answers; empty if all hosts are authenticated or local.
  ///
  /// The environment supplies what the string omits, as in libpq (PostgreSQL manual, 34.15).
  public var unprovenHosts: [String] {
    let defaults = ConnectionOptions.defaults
    func value(_ name: String) -> String { self[name] ?? defaults[name] ?? "" }
    // With these libpq refuses a server that cannot present the right certificate, or does not know the password.
    if value("sslmode") == "verify-full" || value("channel_binding") == "require" || value("gssencmode") == "require" {
      return []
    }
    let names = ConnectionOptions.list(value("host"))
    // An address takes precedence over the name beside it.
    let addresses = ConnectionOptions.list(value("hostaddr"))
    return (0..<max(names.count, addresses.count)).compactMap { index in
      let address = index < addresses.count ? addresses[index] : ""
      let host = address.isEmpty ? (index < names.count ? names[index] : "") : address
      return ConnectionOptions.isLocal(host) ? nil : host
    }
  }

  private static func list(_ text: String) -> [String] {
    text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  /// A Unix socket (no host, a path, or an abstract one) or the loopback interface.
  private static func isLocal(_ host: String) -> Bool {
    host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") || host.lowercased() == "localhost"
      || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." } || host == "::1"
  }

  /// libpq's defaults, including the PG* environment.
  private static var defaults: [String: String] {
    guard let options = unsafe PQconndefaults() else { return [:] }
    defer { unsafe PQconninfoFree(options) }
    var defaults: [String: String] = [:]
    var option = unsafe options
    while let name = unsafe option.pointee.keyword {
      if let value = unsafe option.pointee.val {
        defaults[unsafe String(cString: name)] = unsafe String(cString: value)
      }
      unsafe option += 1
    }
    return defaults
  }
}
