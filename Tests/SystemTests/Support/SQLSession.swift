import Postgres
import Reactor
import Sandbox

/// A database session that a test holds open.
final class SQLSession: Sendable {
  private let connection: PostgresConnection

  @Reactor
  init(_ conninfo: String) async throws {
    connection = try await PostgresConnection.open(ConnectionOptions(conninfo, applicationName: "test"))
  }

  func run(_ sql: String) async throws {
    let connection = self.connection
    _ = try await Reactor.run { try await connection.script(sql) }
  }
}

extension Site {
  func session(as user: String = "postgres") async throws -> SQLSession {
    let conninfo = postgres.conninfo(user: user, database: name)
    return try await Reactor.run { try await SQLSession(conninfo) }
  }
}
