import LDAP
import LDAPModel
import Postgres
import Reactor
import RollcallEngine
import Sandbox

@testable import RollcallLedger

/// The servers that most tests share: each test has a database and a base of its own on them.
actor World {
  private static let start = Task { try await World() }
  static var shared: World { get async throws { try await start.value } }

  let folder: TemporaryFolder
  let postgres: PostgresServer
  let directory: DirectoryServer
  private var sites = 0

  private init() async throws {
    folder = try TemporaryFolder()
    postgres = try await PostgresServer.start(
      in: folder, settings: ["max_connections": "300"], durable: false)
    var options = OpenLDAPOptions()
    options.durable = false
    options.ppolicy = true
    directory = try await DirectoryServer.start(in: folder, options: options)
  }

  /// A database with the example table, watched, and an empty base below `ou=users`.
  ///
  /// - Parameters:
  ///   - other: a PostgreSQL of the test's own; nil for the shared one.
  ///   - server: a directory server of the test's own.
  func site(
    _ settings: SiteSettings = SiteSettings(), on other: PostgresServer? = nil,
    at server: (any ThrowawayDirectory)? = nil
  ) async throws -> Site {
    sites += 1
    return try await Site.make(number: sites, settings, other ?? postgres, server ?? directory)
  }
}

/// What a test wants other than the defaults.
struct SiteSettings {
  /// SQL before the tables are watched; the example table by default.
  var schema = SQLScripts.example
  var watch = "SELECT rollcall.watch('public.users', 'id')"
  var table = "public.users"
  /// The database's encoding; nil: UTF8.
  var encoding: String?
  var key = "id"
  /// Lines in the `source` section.
  var source = "active: status = 'active'"
  var classes = ["inetOrgPerson"]
  var attributes = """
    uid: username
        cn: full_name
        sn: regexp_replace(full_name, '^.*\\s', '')
        mail: email
    """
  /// Lines in the `users` section.
  var users = "disable: { employeeType: disabled }"
  /// Lines in the `groups` section besides its base; nil: there is none.
  var groups: String?
  /// Further sections.
  var more = "removals: { most: 100% }"
  /// A GRANT without its role, run as the tables' owner.
  var grants: String?
  /// Where the daemon finds the servers, if not at their own ports: those of proxies.
  var databasePort: Int?
  /// The conninfo for a role and database of this name, if not that one.
  var connection: (@Sendable (String) -> String)?
  var directoryPort: Int?
  /// The directory's URLs, if not that one.
  var directoryURLs: [String] = []
  /// Lines in the `directory` section.
  var directory = ""
}
