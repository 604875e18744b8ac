import Sandbox

/// The servers that most tests share; each test has a database, roles and a base of its own on them.
actor House {
  private static let start = Task { try await House() }
  static var shared: House { get async throws { try await start.value } }

  nonisolated let folder: TemporaryFolder
  nonisolated let postgres: PostgresServer
  nonisolated let directory: DirectoryServer
  private var count = 0

  private init() async throws {
    folder = try TemporaryFolder()
    postgres = try await PostgresServer.start(
      in: folder, settings: ["max_connections": "300"], durable: false,
      passwordRoles: (1...400).map { "daemon\($0)" })
    var options = OpenLDAPOptions()
    options.durable = false
    options.ppolicy = true
    directory = try await DirectoryServer.start(in: folder, options: options)
  }

  /// A database with the example table, nothing installed, and an empty base below `ou=users`.
  func site(_ settings: SiteSettings = SiteSettings()) async throws -> Site {
    count += 1
    return try await Site.make(count, settings, folder, postgres, directory)
  }
}
