/// The replication settings of a throwaway slapd (slapo-syncprov(5), `syncrepl` of slapd.conf(5)).
public struct OpenLDAPReplication: Sendable {
  /// Its server ID, which is part of its change sequence numbers.
  public var serverID: Int
  /// The port of the other server.
  public var peerPort: Int
  /// Whether both accept writes; otherwise this one only reads from the other.
  public var isProvider: Bool
  /// The referral of a server that accepts no writes (`updateref`); nil lets it refuse with "shadow context".
  public var referral: String?

  init(serverID: Int, peerPort: Int, isProvider: Bool, referral: String? = nil) {
    self.serverID = serverID
    self.peerPort = peerPort
    self.isProvider = isProvider
    self.referral = referral
  }

  var globalLines: [String] { ["serverID \(serverID)"] }

  /// Lines of the database, before its overlays.
  func databaseLines(suffix: String, admin: String, password: String) -> [String] {
    [
      "syncrepl rid=00\(3 - serverID) provider=ldap://127.0.0.1:\(peerPort) bindmethod=simple binddn=\"\(admin)\"",
      "  credentials=\(password) searchbase=\"\(suffix)\" type=refreshAndPersist retry=\"1 +\" timeout=5",
      "  network-timeout=2 keepalive=2:2:2",
    ] + (isProvider ? ["multiprovider on"] : referral.map { ["updateref \($0)"] } ?? [])
  }
}

/// Two throwaway slapds that replicate to each other, through proxies that can interrupt the replication.
public struct MirroredDirectories: Sendable {
  public let first: DirectoryServer
  public let second: DirectoryServer
  /// The proxies through which the second reads from the first, and the first from the second.
  public let toSecond: TCPProxy
  public let toFirst: TCPProxy

  /// Starts both; the second has replicated the first one's entries when this returns.
  ///
  /// - Parameter isMirror: whether both accept writes; otherwise the second only reads from the first.
  /// - Throws: `SandboxError`.
  public static func start(
    in folder: TemporaryFolder, options: OpenLDAPOptions = OpenLDAPOptions(), isMirror: Bool = true,
    referral: Bool = false
  ) async throws -> MirroredDirectories {
    // The proxies are started first: each server needs a port for the other, which does not have one yet.
    let toSecond = try await TCPProxy.start(to: 1)
    let toFirst = try await TCPProxy.start(to: 1)
    var ofFirst = options
    if isMirror { ofFirst.replication = OpenLDAPReplication(serverID: 1, peerPort: toFirst.port, isProvider: true) }
    ofFirst.isProvider = true
    let first = try await DirectoryServer.start(in: folder, options: ofFirst)
    await toSecond.lead(to: [first.port])
    var ofSecond = options
    ofSecond.replication = OpenLDAPReplication(
      serverID: 2, peerPort: toSecond.port, isProvider: isMirror, referral: referral ? first.url : nil)
    ofSecond.isProvider = isMirror
    ofSecond.passwords = (first.adminPassword, first.accountPassword)
    let second = try await DirectoryServer.start(in: folder, options: ofSecond)
    await toFirst.lead(to: [second.port])
    try await eventually(within: .seconds(30), "the second provider has the first one's entries") {
      try await second.search(base: second.accountDN, scope: "base", attributes: ["1.1"]).isEmpty == false
    }
    return MirroredDirectories(first: first, second: second, toSecond: toSecond, toFirst: toFirst)
  }

  /// Waits until both have the same entries with the same change sequence numbers.
  public func converge(within limit: Duration = .seconds(30)) async throws {
    try await eventually(within: limit, "both providers hold the same", poll: .milliseconds(100)) {
      try await content(first) == content(second)
    }
  }

  private func content(_ server: DirectoryServer) async throws -> Set<String> {
    let ldif = try await server.search(base: server.suffix, attributes: ["*", "entryUUID", "entryCSN"])
    let entries = ldif.replacing("\n\n", with: "\u{0}").split(separator: "\u{0}")
    return Set(entries.map { $0.split(separator: "\n").sorted().joined(separator: "\n") })
  }
}
