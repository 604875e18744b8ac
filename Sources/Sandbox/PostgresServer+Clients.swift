extension PostgresServer {
  /// A libpq connection string.
  /// - Parameters:
  ///   - port: another port than the server's: that of a proxy in front of it.
  ///   - settings: further keywords, such as `sslmode`.
  public nonisolated func conninfo(
    user: String = "postgres", database: String = "postgres", password: String? = nil, port: Int? = nil,
    settings: [String: String] = [:]
  ) -> String {
    var words = [
      ("host", "127.0.0.1"), ("port", "\(port ?? self.port)"), ("user", user), ("dbname", database),
    ]
    if let password { words.append(("password", password)) }
    words += settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    return words.map { "\($0)=\(Self.conninfoValue($1))" }.joined(separator: " ")
  }

  /// Runs SQL and psql's own commands, each statement in a transaction of its own; stops at the first error.
  /// - Returns: the output of `psql -XAtq`: one line per row, columns separated by `|`, without the final newline.
  /// - Throws: `SandboxError.failed` with PostgreSQL's message.
  @discardableResult
  public nonisolated func psql(
    _ sql: String, user: String = "postgres", database: String = "postgres",
    variables: [String: String] = [:]
  ) async throws -> String {
    let output = try await psqlCommand(user: user, database: database, variables: variables).run(
      input: sql, within: .seconds(600))
    return output.hasSuffix("\n") ? String(output.dropLast()) : output
  }

  /// Runs a script like `psql -v NAME=VALUE … -f path`; returns its output.
  @discardableResult
  public nonisolated func psqlFile(
    _ path: String, variables: [String: String] = [:], user: String = "postgres",
    database: String = "postgres"
  ) async throws -> String {
    var command = psqlCommand(user: user, database: database, variables: variables)
    command.arguments += ["-f", path]
    return try await command.run(within: .seconds(600))
  }

  /// The path of psql, for a command line shown to the user.
  public nonisolated var psqlPath: String { installation.programs + "/psql" }

  // Over the Unix socket, where no password is needed.
  private nonisolated func psqlCommand(
    user: String, database: String, variables: [String: String]
  ) -> Command {
    var arguments = ["-XAtq", "-v", "ON_ERROR_STOP=1"]
    for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
      arguments += ["-v", "\(name)=\(value)"]
    }
    arguments += ["-h", socketFolder, "-p", "\(port)", "-U", user, "-d", database]
    return Command(psqlPath, arguments)
  }

  /// Quoted if libpq requires it.
  private static func conninfoValue(_ value: String) -> String {
    if !value.isEmpty, !value.contains(where: { $0 == "'" || $0 == "\\" || $0.isWhitespace }) {
      return value
    }
    return "'" + value.map { "'\\".contains($0) ? "\\\($0)" : "\($0)" }.joined() + "'"
  }
}
