/// Where the server listens.
enum ListenAddress: Equatable, Sendable {
  case tcp(host: String, port: Int)
  /// A socket in the file system, which its owner and group may use.
  case unix(path: String)

  static let standard = ListenAddress.tcp(host: "127.0.0.1", port: 8473)

  /// Why a text is no address.
  struct Invalid: Error, CustomStringConvertible {
    let description: String
  }

  /// - Parameter text: `127.0.0.1:8473`, `[::1]:8473`, `:8473`, `8473` or `unix:/run/rollcall.sock`.
  init(parsing text: String) throws(Invalid) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      // sun_path of sockaddr_un, with a NUL at its end.
      guard path.hasPrefix("/"), path.utf8.count < 108, !path.utf8.contains(0) else {
        throw Invalid(description: "\(text): the path of a socket begins with / and is shorter than 108 octets")
      }
      self = .unix(path: path)
      return
    }
    var host = Self.loopback
    var digits = text[...]
    if let colon = text.lastIndex(of: ":") {
      digits = text[text.index(after: colon)...]
      let name = text[..<colon]
      if name.hasPrefix("["), name.hasSuffix("]") {
        host = String(name.dropFirst().dropLast())
      } else if !name.isEmpty {
        guard !name.contains(":") else {
          throw Invalid(description: "\(text): write an IPv6 address in brackets, as [::1]:8473")
        }
        host = String(name)
      }
    }
    guard let port = Int(digits), (0...65535).contains(port), !host.isEmpty else {
      throw Invalid(description: "\(text): not an address; write 127.0.0.1:8473 or unix:/PATH")
    }
    self = .tcp(host: host, port: port)
  }

  private static let loopback = "127.0.0.1"

  /// Whether only this machine can reach it.
  var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _): host == "localhost" || host == "::1" || Self.isLoopback(host)
    }
  }

  /// 127.0.0.0/8 as four numbers; anything else may be a name.
  private static func isLoopback(_ host: String) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
