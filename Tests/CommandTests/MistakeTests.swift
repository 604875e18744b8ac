import Sandbox
import Testing

/// The mistakes of a first hour, each met by every command with a message that says what to do.
@Suite struct MistakeTests {
  /// A mistake, and what is said of it.
  struct Mistake: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// What to do, as it is said.
    var says: String
    var commands = ["check", "run", "sync", "plan", "status"]
    /// Whether the daemon waits for the cause to go away.
    var waits = false
    var make: @Sendable (Site) async throws -> Site

    /// Commands that need the directory.
    static let ofDirectory = ["check", "run", "sync", "plan"]
  }

  static let mistakes = [
    Mistake(
      testDescription: "a wrong password for PostgreSQL",
      says: "(SQLSTATE 28P01); check the user and the password of the connection"
    ) { $0.knowing("DB_PASSWORD", "not-the-password") },
    Mistake(
      testDescription: "a database that does not exist",
      says: "(SQLSTATE 3D000); check the database's name in the connection, or create it"
    ) { try $0.with("dbname=", "dbname=no") },
    Mistake(
      testDescription: "PostgreSQL does not run",
      says: "Connection refused (Is the server running on that host and accepting TCP/IP connections?); check the host",
      waits: true
    ) { try $0.with("port=\($0.postgres.port)", "port=1") },
    Mistake(
      testDescription: "a wrong password for the directory",
      says: "invalidCredentials (49): check the bind DN and its password", commands: Mistake.ofDirectory, waits: true
    ) { $0.knowing("LDAP_PASSWORD", "not-the-password") },
    Mistake(
      testDescription: "the directory does not run",
      says: "Connection refused; is the server running, and listening there?",
      commands: Mistake.ofDirectory, waits: true
    ) { try $0.with($0.directory.url, "ldap://127.0.0.1:1") },
    Mistake(
      testDescription: "a wrong base", says: "may not read it", commands: Mistake.ofDirectory
    ) { try $0.with("base: ou=", "base: ou=no") },
    Mistake(
      testDescription: "no grant", says: "permission denied for table users", commands: Mistake.ofDirectory
    ) { site in
      try await site.sql("REVOKE SELECT ON users FROM \(site.role)")
      return site
    },
    Mistake(
      testDescription: "a typo in a key", says: "unknown key \"namign\" under users; did you mean \"naming\"?"
    ) { try $0.with("naming: uid", "namign: uid") },
    Mistake(
      testDescription: "a typo in the YAML", says: "invalid YAML: "
    ) { try $0.with("naming: uid", "naming uid") },
  ]

  @Test(arguments: mistakes)
  func everyCommandSaysWhatToDo(_ mistake: Mistake) async throws {
    let installed = try await House.shared.site()
    try await installed.install()
    let site = try await mistake.make(installed)
    for command in mistake.commands {
      if mistake.waits, command == "run" {
        try await daemon(of: site, says: mistake.says)
        continue
      }
      let ran = try await site.rollcall(command)
      #expect(ran.code != 0 && ran.words.contains(mistake.says), "\(command): \(ran.words)")
    }
    if mistake.testDescription == "no grant" {
      let ran = try await site.rollcall("sync")
      #expect(ran.errors.contains("; run rollcall install, or grant this right to the role"), "\(ran.words)")
    }
  }

  @Test("init says it in the same words")
  func initialize() async throws {
    let site = try await House.shared.site()
    let wrong = site.postgres.conninfo(user: site.role, database: site.name, password: "not-the-password")
    for (connection, url, words) in [
      (wrong, site.directory.url, "check the user and the password of the connection"),
      ("host=127.0.0.1 port=1", site.directory.url, "accepting TCP/IP connections?); check the host and the port"),
      (site.owner, "ldap://127.0.0.1:1", "Connection refused; is the server running, and listening there?"),
    ] {
      let ran = try await Rollcall.run(["init", "--connection", connection, "--table", "users", "--url", url])
      #expect(ran.code == 1 && ran.output.isEmpty && ran.errors.contains(words), "\(ran.words)")
    }
  }

  /// It says so in one line and waits.
  private func daemon(of site: Site, says words: String) async throws {
    let daemon = try await site.start()
    do {
      try await soon("the daemon says \(words)") { try daemon.hasEnded || daemon.printed().contains(words) }
      #expect(!daemon.hasEnded)
    } catch {
      await daemon.stop()
      throw error
    }
    #expect(await daemon.stop() == .exited(0))
  }

  @Test("a person who asks with a wrong password is told where to look")
  func explained() async throws {
    var site = try await House.shared.site()
    try await site.install()
    site.environment["DB_PASSWORD"] = "not-the-password"
    let ran = try await site.rollcall("explain", "1")
    #expect(ran.code == 69 && ran.output.contains("the password of the connection"), "\(ran.words)")
    #expect(ran.output.contains("next        error   see the first step; try again when PostgreSQL answers"))
    #expect(!ran.output.contains(#/\n\w+ +error +\n/#), "a step without words: \(ran.output)")
  }

  @Test("an empty table removes nobody, and check says that nobody is in scope")
  func anEmptyTable() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let ran = try await site.succeed("check")
    #expect(ran.output.contains("source.table: nobody is in scope; see whether the table has rows"), "\(ran.words)")
    try await site.hire(["ada", "bob"])
    try await site.succeed("sync")
    #expect(try await !site.succeed("check").output.contains("nobody is in scope"))
  }

  @Test("a second daemon stands by and says where to see who leads; another name for the base is refused")
  func twoDaemons() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.withDaemon { _ in
      let second = try await site.start(name: "\(site.name).second")
      try await soon("the second stands by") { try second.hasEnded || second.printed().contains("standing by") }
      #expect(try second.printed().contains("another process leads this directory, which rollcall status names"))
      #expect(await second.stop() == .exited(0))
      let other = try site.with("name: \(site.name)\n", "name: other\n")
      for command in ["check", "run", "sync"] {
        let ran = try await other.rollcall(command)
        #expect(
          ran.code == 1 && ran.words.contains("two names must not share a base (rollcall uninstall with its"),
          "\(command): \(ran.words)")
      }
    }
  }
}

extension Site {
  /// The same with another value in the environment.
  fileprivate func knowing(_ name: String, _ value: String) -> Site {
    var site = self
    site.environment[name] = value
    return site
  }
}
