internal import Glibc
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallEngine
internal import RollcallLedger
internal import Sandbox

/// The demo's servers, its configuration, and the daemon as a process of its own.
actor DemoSite {
  nonisolated let postgres: PostgresServer
  nonisolated let directory: DirectoryServer
  nonisolated let configuration: Configuration
  nonisolated let daemonLog: String
  private nonisolated let folder: TemporaryFolder
  private nonisolated let program: String
  private var daemon: ChildProcess?

  static func start(in folder: TemporaryFolder) async throws -> DemoSite {
    Output.standard.say("A throwaway PostgreSQL and slapd in \(folder.path):")
    async let postgres = PostgresServer.start(in: folder)
    var options = OpenLDAPOptions()
    options.ppolicy = true
    let directory = try await DirectoryServer.start(in: folder, options: options)
    let site = try await DemoSite(folder, postgres, directory)
    try await site.prepare()
    return site
  }

  private init(_ folder: TemporaryFolder, _ postgres: PostgresServer, _ directory: DirectoryServer) throws {
    self.folder = folder
    self.postgres = postgres
    self.directory = directory
    let path = try folder.write(Self.yaml(postgres, directory), to: "rollcall.yaml")
    configuration = try Configuration.load(path: path, environment: [:])
    daemonLog = "\(folder.path)/daemon.log"
    program = try Self.ownPath()
  }

  private static func yaml(_ postgres: PostgresServer, _ directory: DirectoryServer) -> String {
    """
    name: demo
    source:
      connection: postgresql://rollcall@127.0.0.1:\(postgres.port)/hr
      table: public.users
      key: id
      active: status = 'active'
    directory:
      url: \(directory.url)
      bind: { dn: "\(directory.accountDN)", password_file: \(directory.accountPasswordFile.quoted) }
    users:
      base: \(directory.usersBase)
      naming: uid
      link: employeeNumber
      classes: [inetOrgPerson]
      attributes:
        uid: username
        cn: full_name
        sn: split_part(trim(full_name), ' ', -1)
        mail: email

    """
  }

  /// The program that is running.
  private static func ownPath() throws -> String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = unsafe readlink("/proc/self/exe", &path, path.count)
    guard length > 0 else { throw Complaint("cannot find the program's own path in /proc") }
    return String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func prepare() async throws {
    Output.standard.say(
      """
        PostgreSQL  127.0.0.1:\(postgres.port), database hr
        slapd       127.0.0.1:\(directory.port), \(directory.usersBase)

      rollcall install
      """)
    try await postgres.psql("CREATE DATABASE hr")
    try await postgres.psql("CREATE ROLE rollcall LOGIN")
    try await postgres.psql(SQLScripts.example, database: "hr")
    let (configuration, owner) = (self.configuration, postgres.conninfo(database: "hr"))
    try await Reactor.run {
      let installer = try Installer(configuration, connection: owner)
      defer { installer.close() }
      installer.onStep = { Output.standard.say("  \($0)") }
      try await installer.install()
    }
  }

  // MARK: The daemon

  /// Starts the daemon; returns at once.
  func startDaemon() async throws {
    daemon = try await ChildProcess.start(
      program, ["run", "--config", configuration.file], name: "daemon", in: folder)
  }

  /// Waits until the daemon leads.
  func untilReady() async throws {
    let (configuration, daemon) = (self.configuration, self.daemon)
    try await eventually(within: .seconds(30), "the daemon to lead") {
      if daemon?.hasEnded == true { return true }
      let report = try await Reactor.run { try await StatusReport.read(configuration) }
      return report.leader != nil && report.directory?.state == "connected"
    }
    if daemon?.hasEnded == true { throw Complaint("the daemon has ended by itself") }
  }

  func lastWords() -> String { ((try? daemon?.printed()) ?? "nothing").suffix(2000).description }

  @discardableResult
  func stopDaemon() async -> ChildProcess.Ending? {
    let stopped = daemon
    daemon = nil
    return await stopped?.stop()
  }

  // MARK: To play with

  nonisolated var psqlLine: String { "psql \(postgres.conninfo(database: "hr").quoted)" }
  nonisolated var searchLine: String { directory.searchLine }
  nonisolated func rollcallLine(_ command: String) -> String {
    "\(program) \(command) --config \(configuration.file)"
  }

  @Reactor
  static func untilInterrupted() async {
    let (interrupts, interrupted) = AsyncStream.makeStream(of: Void.self)
    let signals = TerminationSignals { interrupted.finish() }
    for await _ in interrupts {}
    signals.cancel()
  }
}
