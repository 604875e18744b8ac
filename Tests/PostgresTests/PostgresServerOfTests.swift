import Postgres
import Reactor
import Sandbox

/// One server for all tests of libpq's side.
actor PostgresServerOfTests {
  private static let start = Task { try await PostgresServerOfTests() }
  static var shared: PostgresServer { get async throws { try await start.value.server } }

  private let folder: TemporaryFolder
  private let server: PostgresServer

  private init() async throws {
    folder = try TemporaryFolder()
    server = try await PostgresServer.start(in: folder, durable: false, passwordRoles: ["secretive"])
    try await server.psql("CREATE ROLE secretive LOGIN PASSWORD 'correct horse'")
  }
}

/// Runs a body on the reactor with a new connection, which is closed afterwards.
func withConnection<T: Sendable>(
  _ settings: [String: String] = [:],
  _ body: @escaping @Reactor @Sendable (PostgresConnection) async throws -> T
) async throws -> T {
  let conninfo = try await PostgresServerOfTests.shared.conninfo(settings: settings)
  return try await Reactor.run {
    let connection = try await PostgresConnection.open(ConnectionOptions(conninfo, applicationName: "test"))
    defer { connection.close() }
    return try await body(connection)
  }
}
