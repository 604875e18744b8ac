import Sandbox

/// Servers of its own for a test that freezes, kills or restarts them.
struct FaultyWorld: Sendable {
  let folder: TemporaryFolder
  let postgres: PostgresServer
  let directory: DirectoryServer

  static func start(_ adjust: (inout OpenLDAPOptions) -> Void = { _ in }) async throws -> FaultyWorld {
    let folder = try TemporaryFolder()
    // What is committed survives the death of the processes, not of the machine.
    async let postgres = PostgresServer.start(
      in: folder, settings: ["max_connections": "100", "synchronous_commit": "on"], durable: false)
    var options = OpenLDAPOptions()
    options.durable = false
    options.ppolicy = true
    adjust(&options)
    let directory = try await DirectoryServer.start(in: folder, options: options)
    return FaultyWorld(folder: folder, postgres: try await postgres, directory: directory)
  }

  func site(_ settings: SiteSettings = SiteSettings(), number: Int = 1) async throws -> Site {
    try await Site.make(number: number, settings, postgres, directory)
  }
}

/// A site whose daemon reaches both servers through proxies; the test itself does not.
struct ProxiedSite: Sendable {
  let site: Site
  let database: TCPProxy
  let directory: TCPProxy

  /// Starts the proxies, and sends the settings through them.
  fileprivate static func proxies(
    _ settings: inout SiteSettings, _ postgres: PostgresServer, _ directory: DirectoryServer
  ) async throws -> (TCPProxy, TCPProxy) {
    let database = try await TCPProxy.start(to: postgres.port)
    let link = try await TCPProxy.start(to: directory.port)
    settings.databasePort = database.port
    settings.directoryPort = link.port
    return (database, link)
  }
}

extension World {
  func proxiedSite(_ settings: SiteSettings = SiteSettings()) async throws -> ProxiedSite {
    var settings = settings
    let (database, link) = try await ProxiedSite.proxies(&settings, postgres, directory)
    return ProxiedSite(site: try await site(settings), database: database, directory: link)
  }
}
