import Sandbox

/// Servers of its own for a test that freezes, kills or restarts them.
struct FaultyWorld: Sendable {
  let folder: TemporaryFolder
  let postgres: PostgresServer
  let directory: DirectoryServer

  static func start(
    settings: [String: String] = [:], _ adjust: (inout OpenLDAPOptions) -> Void = { _ in }
  ) async throws -> FaultyWorld {
    let folder = try TemporaryFolder()
    // What is committed survives the death of the processes, not of the machine.
    async let postgres = PostgresServer.start(
      in: folder,
      settings: ["max_connections": "100", "synchronous_commit": "on"].merging(settings) { $1 }, durable: false)
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

  static func make(
    _ settings: SiteSettings = SiteSettings(), postgres: PostgresServer, directory: DirectoryServer,
    _ site: @Sendable (SiteSettings) async throws -> Site
  ) async throws -> ProxiedSite {
    let database = try await TCPProxy.start(to: postgres.port)
    let link = try await TCPProxy.start(to: directory.port)
    var settings = settings
    settings.databasePort = database.port
    settings.directoryPort = link.port
    return ProxiedSite(site: try await site(settings), database: database, directory: link)
  }
}

extension World {
  func proxiedSite(_ settings: SiteSettings = SiteSettings()) async throws -> ProxiedSite {
    try await ProxiedSite.make(settings, postgres: postgres, directory: directory) { try await self.site($0) }
  }
}

extension FaultyWorld {
  func proxiedSite(_ settings: SiteSettings = SiteSettings()) async throws -> ProxiedSite {
    try await ProxiedSite.make(settings, postgres: postgres, directory: directory) { try await self.site($0) }
  }
}
