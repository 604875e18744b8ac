/// Whether a request was meant for this server, and a form comes from one of its own pages.
struct OriginCheck: Sendable {
  /// Hosts that the header Host may name, in lower case, with or without a port.
  let hosts: Set<String>

  /// - Parameters:
  ///   - address: where the server listens.
  ///   - port: the real one, where the address leaves the choice to the system.
  ///   - names: by which a proxy, or whoever knows the machine by a name, asks for it.
  init(_ address: ListenAddress, port: Int?, names: [String]) {
    var hosts = Set(names.map { $0.lowercased() })
    switch address {
    case .unix: hosts.insert("localhost")
    case .tcp(let host, _):
      let own = [host.contains(":") ? "[\(host)]" : host] + (address.isLocal ? ["localhost"] : [])
      for name in own.map({ $0.lowercased() }) + names.map({ $0.lowercased() }) {
        if let port { hosts.insert("\(name):\(port)") }
        if port == 80 { hosts.insert(name) }
      }
    }
    self.hosts = hosts
  }

  /// A page whose name somebody lets point at this address (DNS rebinding) asks for that name.
  func isMeant(_ request: WebRequest) -> Bool {
    request.header("host").map { hosts.contains($0.lowercased()) } ?? false
  }

  /// What a browser says of where a form was sent from; one that says nothing is too old.
  func isSameOrigin(_ request: WebRequest) -> Bool {
    let site = request.header("sec-fetch-site")
    if let site, site != "same-origin" { return false }
    guard let origin = request.header("origin"), origin != "null" else {
      // With the policy `no-referrer` browsers say `null`, and the other header as well.
      return site == "same-origin"
    }
    guard let host = request.header("host") else { return false }
    return ["http://\(host)", "https://\(host)"].contains { $0.lowercased() == origin.lowercased() }
  }
}
