import Sandbox

/// A database of its own on a server that all tests of the scripts share.
struct Database: Sendable {
  private actor Server {
    static let start = Task { try await Server() }
    private let folder: TemporaryFolder
    let postgres: PostgresServer
    private var count = 0

    private init() async throws {
      folder = try TemporaryFolder()
      postgres = try await PostgresServer.start(
        in: folder, settings: ["max_prepared_transactions": "20"], durable: false)
      // Roles belong to the server: many first installations at once would wait for each other to make them.
      try await postgres.psql(
        "CREATE ROLE rollcall_owner; CREATE ROLE rollcall_writer; GRANT rollcall_writer TO rollcall_owner")
    }

    func nextName() -> String {
      count += 1
      return "sql\(count)"
    }
  }

  let postgres: PostgresServer
  let name: String

  /// A new database, with the schema installed unless told otherwise.
  static func make(installed: Bool = true) async throws -> Database {
    let server = try await Server.start.value
    let name = await server.nextName()
    let database = Database(postgres: server.postgres, name: name)
    try await server.postgres.psql("CREATE DATABASE \(name)")
    if installed { try await database.install() }
    return database
  }

  func install() async throws { try await script("install.sql") }

  /// Runs a script of the folder `sql/` as psql does.
  func script(_ file: String, variables: [String: String] = [:], as user: String = "postgres") async throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    try await postgres.psqlFile("/\(root)/sql/\(file)", variables: variables, user: user, database: name)
  }

  /// Runs SQL as a role and returns what psql prints.
  @discardableResult
  func sql(_ text: String, as user: String = "postgres") async throws -> String {
    try await postgres.psql(text, user: user, database: name)
  }

  /// The logged keys in order, `*` for everyone; the log is emptied.
  func logged() async throws -> [String] {
    let text = try await sql(
      "SELECT coalesce(key, '*') FROM rollcall.change ORDER BY seq; TRUNCATE rollcall.change")
    return text.isEmpty ? [] : text.split(separator: "\n").map(String.init)
  }

  /// The payloads that a script's commits send on the channel.
  ///
  /// - Parameter notify: the setting `rollcall.notify`: the server allows two-phase commit.
  func payloads(of script: String, notify: String = "on") async throws -> [String] {
    // psql prints what it has heard after each statement.
    let text = try await sql("LISTEN rollcall;\nSET rollcall.notify = '\(notify)';\n\(script);\nSELECT 1 WHERE false;")
    return text.split(separator: "\n").compactMap { line in
      guard line.contains("Asynchronous notification"), let start = line.firstIndex(of: "{"),
        let end = line.lastIndex(of: "}")
      else { return nil }
      return String(line[start...end])
    }
  }
}
