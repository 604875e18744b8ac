import Glibc
import Sandbox

/// One server of each kind, and one PostgreSQL, for all tests; each starts when the first test wants it.
actor Servers {
  private static let start = Task { try await Servers() }
  static var shared: Servers { get async throws { try await start.value } }

  /// The kinds that can be run here: a domain controller's ports may be closed to us.
  static let kinds = DirectoryServerKind.allCases.filter {
    $0 != .activeDirectory || SambaDomain.obstacle == nil
  }

  let postgres: PostgresServer
  let authority: TestAuthority
  let folder: TemporaryFolder
  private var started: [DirectoryServerKind: Task<any ThrowawayDirectory, any Error>] = [:]
  private var turnstiles: [DirectoryServerKind: Turnstile] = [:]
  private var sites = 0

  private init() async throws {
    folder = try TemporaryFolder()
    postgres = try await PostgresServer.start(
      in: folder, settings: ["max_connections": "300"], durable: false)
    // Before anything here asks for it; the file comes with the domain that it describes.
    _ = unsafe setenv("KRB5_CONFIG", folder.path + "/krb5.conf", 1)
    authority = try await TestAuthority.make(in: folder)
  }

  /// Runs a test with the server of this kind.
  /// - Parameter alone: no other test uses it meanwhile.
  static func with(
    _ kind: DirectoryServerKind, alone: Bool = false,
    _ body: @escaping @Sendable (any ThrowawayDirectory) async throws -> Void
  ) async throws {
    let servers = try await shared
    let server = try await servers.server(kind)
    try await servers.turnstile(kind).pass(alone: alone) { try await body(server) }
  }

  /// Runs a test with a database and a base of its own.
  static func withSite(
    _ kind: DirectoryServerKind, _ settings: SiteSettings = SiteSettings(), alone: Bool = false,
    _ body: @escaping @Sendable (Site) async throws -> Void
  ) async throws {
    try await with(kind, alone: alone) { server in
      let servers = try await shared
      try await body(try await Site(settings, servers, server))
    }
  }

  /// For a site's database and base.
  func nextName() -> String {
    sites += 1
    return "site\(sites)"
  }

  /// The unencrypted URL of the server of this kind.
  func url(of kind: DirectoryServerKind) async throws -> String { try await server(kind).url }

  /// The domain, which is a Kerberos realm, too.
  func domain() async throws -> SambaDomain {
    guard let domain = try await server(.activeDirectory) as? SambaDomain else { throw CancellationError() }
    return domain
  }

  private func turnstile(_ kind: DirectoryServerKind) -> Turnstile {
    let turnstile = turnstiles[kind] ?? Turnstile()
    turnstiles[kind] = turnstile
    return turnstile
  }

  private func server(_ kind: DirectoryServerKind) async throws -> any ThrowawayDirectory {
    let (folder, authority) = (self.folder, self.authority)
    let task =
      started[kind]
      ?? Task {
        switch kind {
        case .openLDAP:
          var options = OpenLDAPOptions()
          options.durable = false
          options.tls = authority
          options.ppolicy = true
          return try await DirectoryServer.start(in: folder, options: options)
        case .directory389:
          var options = Directory389Options()
          options.durable = false
          options.tls = authority
          return try await Directory389Server.start(in: folder, options: options)
        case .activeDirectory:
          let domain = try await SambaDomain.start(in: folder, tls: authority)
          try folder.write(domain.kerberosConfiguration(), to: "krb5.conf")
          return domain
        }
      }
    started[kind] = task
    return try await task.value
  }
}
