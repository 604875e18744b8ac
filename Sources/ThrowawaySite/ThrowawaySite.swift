internal import Reactor
internal import RollcallAdministration
package import RollcallConfiguration
internal import RollcallLedger
package import Sandbox

/// Rollcall between a throwaway PostgreSQL and slapd, as the demo and the benchmark use it: the servers, the table of
/// `sql/example.sql` in the database `hr`, and a configuration.
package struct ThrowawaySite: Sendable {
  package let folder: TemporaryFolder
  package let postgres: PostgresServer
  package let directory: DirectoryServer
  package let configuration: Configuration

  /// Further lines of the configuration's sections, without their indentation.
  package struct Lines: Sendable {
    package var source: [String] = []
    package var users: [String] = []
    package var attributes: [String] = []

    package init(source: [String] = [], users: [String] = [], attributes: [String] = []) {
      self.source = source
      self.users = users
      self.attributes = attributes
    }
  }

  /// The connection of the database's owner.
  package var conninfo: String { postgres.conninfo(database: "hr") }

  /// Starts both servers.
  ///
  /// - Parameters:
  ///   - surname: the SQL expression of `sn`.
  ///   - lines: what else the configuration has.
  package static func start(
    _ name: String, in folder: TemporaryFolder, _ options: OpenLDAPOptions, surname: String, lines: Lines = Lines()
  ) async throws -> ThrowawaySite {
    async let postgres = PostgresServer.start(in: folder)
    let directory = try await DirectoryServer.start(in: folder, options: options)
    return try ThrowawaySite(name, folder, try await postgres, directory, surname: surname, lines)
  }

  private init(
    _ name: String, _ folder: TemporaryFolder, _ postgres: PostgresServer, _ directory: DirectoryServer,
    surname: String, _ lines: Lines
  ) throws {
    self.folder = folder
    self.postgres = postgres
    self.directory = directory
    let path = try folder.write(
      """
      name: \(name)
      source:
        connection: postgresql://rollcall@127.0.0.1:\(postgres.port)/hr
        table: public.users
        key: id
        active: status = 'active'
      \(lines.source.map { "  \($0)\n" }.joined())
      directory:
        url: \(directory.url)
        bind: { dn: "\(directory.accountDN)", password_file: "\(directory.accountPasswordFile)" }
      users:
        base: \(directory.usersBase)
        naming: uid
        link: employeeNumber
        classes: [inetOrgPerson]
        attributes:
          uid: username
          cn: full_name
          sn: \(surname)
          mail: email
      \(lines.attributes.map { "    \($0)\n" }.joined())
      \(lines.users.map { "  \($0)\n" }.joined())
      """, to: "rollcall.yaml")
    configuration = try Configuration.load(path: path, environment: [:])
  }

  /// Creates the database, the role and the table, and installs Rollcall.
  ///
  /// - Parameters:
  ///   - rows: a statement that fills the table; nil leaves it empty.
  ///   - onStep: called for each step of the installation.
  package func install(rows: String? = nil, onStep: (@Sendable (String) -> Void)? = nil) async throws {
    try await postgres.psql("CREATE DATABASE hr")
    try await postgres.psql("CREATE ROLE rollcall LOGIN")
    try await postgres.psql(SQLScripts.example, database: "hr")
    if let rows { try await postgres.psql(rows, database: "hr") }
    let (configuration, owner) = (self.configuration, conninfo)
    try await Reactor.run {
      let installer = try Installer(configuration, connection: owner)
      defer { installer.close() }
      installer.onStep = onStep
      try await installer.install()
    }
  }

  /// Starts the daemon as a process of its own; returns at once.
  ///
  /// - Parameter file: a configuration other than the site's.
  package func startDaemon(
    _ program: String, _ arguments: [String] = [], file: String? = nil
  ) async throws -> ChildProcess {
    try await ChildProcess.start(
      program, ["run", "--config", file ?? configuration.file] + arguments, name: "daemon", in: folder)
  }

  /// Waits until the daemon leads; false if it has ended instead.
  ///
  /// - Parameter isInStep: whether to wait until nothing is left to do, too.
  package func untilItLeads(_ daemon: ChildProcess?, within limit: Duration, isInStep: Bool = false) async throws
    -> Bool
  {
    let configuration = self.configuration
    try await eventually(within: limit, "the daemon to lead") {
      if daemon?.hasEnded == true { return true }
      let report = try await Reactor.run { try await StatusReport.read(configuration) }
      let leads = report.leader != nil && report.directory?.state == "connected"
      return leads && (!isInStep || report.backlog == 0)
    }
    return daemon?.hasEnded != true
  }
}
