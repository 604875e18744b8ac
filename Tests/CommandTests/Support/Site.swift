import Glibc
import Sandbox
import Testing

/// What a test wants other than the defaults.
struct SiteSettings: Sendable {
  var schema =
    "CREATE TABLE users (id int PRIMARY KEY, username varchar, email varchar, full_name varchar, status varchar)"
  /// The `source` section below its connection.
  var source = "table: public.users\n  key: id\n  active: status = 'active'"
  /// The `users` section below its base.
  var users = """
    naming: uid
      link: employeeNumber
      disable: { employeeType: disabled }
      attributes:
        uid: username
        cn: full_name
        sn: regexp_replace(full_name, '^.*\\s', '')
        mail: email
    """
  var more = ""
  /// Lines in the `directory` section.
  var directory = ""
}

/// One database, one base, and a configuration between them, whose passwords come from the environment.
struct Site: Sendable {
  let name: String
  let base: String
  let role: String
  let postgres: PostgresServer
  let directory: DirectoryServer
  let folder: TemporaryFolder
  /// The path of the configuration.
  private(set) var file: String
  private(set) var yaml: String
  var environment: [String: String]

  static func make(
    _ number: Int, _ settings: SiteSettings, _ folder: TemporaryFolder, _ postgres: PostgresServer,
    _ directory: DirectoryServer
  ) async throws -> Site {
    let (name, role, password) = (
      "site\(number)", "daemon\(number)", "Wombat-\(UInt32.random(in: 0 ... .max))"
    )
    let base = "ou=\(name),\(directory.usersBase)"
    try await postgres.psql("CREATE DATABASE \(name); CREATE ROLE \(role) LOGIN PASSWORD '\(password)'")
    try await postgres.psql(settings.schema, database: name)
    try await directory.modify("dn: \(base)\nchangetype: add\nobjectClass: organizationalUnit\nou: \(name)\n")
    let yaml = """
      name: \(name)
      source:
        connection: "host=127.0.0.1 port=\(postgres.port) dbname=\(name) user=\(role) password=${DB_PASSWORD}"
        \(settings.source)
      directory:
        url: \(directory.url)
        bind: { dn: "\(directory.accountDN)", password: "${LDAP_PASSWORD}" }
        \(settings.directory)
      users:
        base: \(base)
        \(settings.users)
      \(settings.more)
      """
    let file = try folder.write(yaml, to: "\(name).yaml")
    return Site(
      name: name, base: base, role: role, postgres: postgres, directory: directory, folder: folder,
      file: file,
      yaml: yaml,
      environment: ["DB_PASSWORD": password, "LDAP_PASSWORD": directory.accountPassword])
  }

  /// As the tables' owner.
  var owner: String { postgres.conninfo(database: name) }

  @discardableResult
  func sql(_ text: String) async throws -> String { try await postgres.psql(text, database: name) }

  /// The same with a piece of its configuration replaced.
  func with(_ piece: String, _ replacement: String) throws -> Site {
    try #require(yaml.contains(piece))
    var site = self
    site.yaml = yaml.replacing(piece, with: replacement)
    site.file = try folder.write(site.yaml, to: "\(name)-\(UInt32.random(in: 0 ... .max)).yaml")
    return site
  }

  /// The same on a directory server of its own, which may be stopped and has other settings.
  func onOwnServer(_ options: OpenLDAPOptions = OpenLDAPOptions()) async throws -> (Site, DirectoryServer) {
    let server = try await DirectoryServer.start(in: folder, options: options)
    try await server.modify("dn: \(base)\nchangetype: add\nobjectClass: organizationalUnit\nou: \(name)\n")
    var own = try with(directory.url, server.url)
    own.environment["LDAP_PASSWORD"] = server.accountPassword
    return (own, server)
  }

  // MARK: The program

  /// Runs a command with this site's configuration; no secret may show in what it says.
  @discardableResult
  func rollcall(_ arguments: String..., location: SourceLocation = #_sourceLocation) async throws -> Ran {
    let ran = try await Rollcall.run(arguments + ["--config", file], environment: environment)
    expectNoSecret(ran.words, location)
    return ran
  }

  /// Runs a command that must succeed.
  @discardableResult
  func succeed(_ arguments: String..., location: SourceLocation = #_sourceLocation) async throws -> Ran {
    let ran = try await Rollcall.run(arguments + ["--config", file], environment: environment)
    expectNoSecret(ran.words, location)
    #expect(ran.code == 0, "\(ran.words)", sourceLocation: location)
    return ran
  }

  /// Runs a line as it is shown to somebody whose configuration this is, with `rollcall` on the path.
  func shell(_ line: String, location: SourceLocation = #_sourceLocation) async throws -> Ran {
    let folder = Rollcall.program.split(separator: "/").dropLast().joined(separator: "/")
    let variables = ["PATH": "/\(folder):/usr/bin:/bin", "ROLLCALL_CONFIG": file]
    let ran = try await Rollcall.shell(line, environment: environment.merging(variables) { $1 })
    expectNoSecret(ran.words, location)
    return ran
  }

  @discardableResult
  func install(location: SourceLocation = #_sourceLocation) async throws -> Ran {
    try await succeed("install", "--connection", owner, location: location)
  }

  func expectNoSecret(_ words: String, _ location: SourceLocation) {
    for secret in [environment["DB_PASSWORD"], environment["LDAP_PASSWORD"], directory.adminPassword] {
      #expect(secret.map { !words.contains($0) } ?? true, "a secret shows", sourceLocation: location)
    }
  }

  /// Starts the daemon; the body begins when it leads and has compared everybody once, where it can, and at its end the
  /// daemon ends in order.
  func withDaemon(
    _ arguments: [String] = [], location: SourceLocation = #_sourceLocation,
    _ body: (ChildProcess) async throws -> Void
  ) async throws {
    let daemon = try await start(arguments)
    do {
      try await soon("the daemon leads") {
        if daemon.hasEnded { return true }
        let status = try await self.status()
        return status.leader != nil && status.directory.state == "connected"
      }
      // The first comparison holds every removal that is noticed meanwhile.
      _ = try? await eventually(within: .seconds(15), "everybody was compared") {
        try await sql("SELECT last_reconcile IS NOT NULL FROM rollcall.directory WHERE name = '\(name)'") == "t"
      }
      try await body(daemon)
    } catch {
      await daemon.stop()
      throw error
    }
    let ending = await daemon.stop()
    #expect(ending == .exited(0), sourceLocation: location)
    expectNoSecret(try daemon.printed(), location)
  }

  func status() async throws -> StatusOutput {
    try StatusOutput(parsing: try await rollcall("status", "--json").output)
  }

  func start(_ arguments: [String] = [], name: String? = nil, more: [String: String] = [:]) async throws
    -> ChildProcess
  {
    try await ChildProcess.start(
      Rollcall.program, ["run", "--config", file] + arguments, name: name ?? "\(self.name).daemon",
      in: folder,
      environment: environment.merging(more) { $1 })
  }

  // MARK: The directory

  /// The values of an attribute of the entry with this key; empty where there is none.
  func values(_ attribute: String, of key: String) async throws -> [String] {
    let text = try await directory.search(
      base: base, filter: "(employeeNumber=\(key))", attributes: [attribute])
    return text.split(separator: "\n").filter { $0.hasPrefix("\(attribute): ") }
      .map { String($0.dropFirst(attribute.count + 2)) }
  }

  func names() async throws -> [String] {
    let text = try await directory.search(base: base, filter: "(employeeNumber=*)", attributes: ["uid"])
    return text.split(separator: "\n").filter { $0.hasPrefix("uid: ") }.map { String($0.dropFirst(5)) }
      .sorted()
  }

  func hire(_ names: [String], from first: Int = 1) async throws {
    for (index, name) in names.enumerated() {
      try await sql(
        "INSERT INTO users VALUES (\(first + index), '\(name)', '\(name)@example.com', 'Full \(name)', 'active')"
      )
    }
  }
}
