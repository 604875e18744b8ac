internal import Glibc
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallEngine
internal import RollcallLedger
internal import Sandbox

/// The servers, the table, and Rollcall's executable.
actor Stage {
  nonisolated let label: String
  nonisolated let isDurable: Bool
  nonisolated let size: Int
  nonisolated let postgres: PostgresServer
  nonisolated let directory: DirectoryServer
  nonisolated let conninfo: String
  nonisolated let base: String
  nonisolated let access: DirectoryAccess
  nonisolated let program: MeasuredProgram
  nonisolated let folder: TemporaryFolder
  nonisolated let configuration: Configuration
  private var daemon: ChildProcess?
  private var isFilled = false

  static func start(in folder: TemporaryFolder, durable: Bool, size: Int) async throws -> Stage {
    async let postgres = PostgresServer.start(in: folder)
    var options = OpenLDAPOptions()
    options.durable = durable
    let directory = try await DirectoryServer.start(in: folder, options: options)
    let stage = try await Stage(folder, postgres, directory, durable: durable, size: size)
    try await stage.prepare()
    return stage
  }

  private init(
    _ folder: TemporaryFolder, _ postgres: PostgresServer, _ directory: DirectoryServer, durable: Bool,
    size: Int
  ) throws {
    self.folder = folder
    self.postgres = postgres
    self.directory = directory
    self.size = size
    isDurable = durable
    label = durable ? "durable" : "dbnosync"
    conninfo = postgres.conninfo(database: "hr")
    base = directory.usersBase
    access = DirectoryAccess(url: directory.url, dn: directory.accountDN, password: directory.accountPassword)
    let path = try folder.write(
      """
      name: bench
      source:
        connection: postgresql://rollcall@127.0.0.1:\(postgres.port)/hr
        table: public.users
        key: id
        active: status = 'active'
      directory:
        url: \(directory.url)
        bind: { dn: "\(directory.accountDN)", password_file: \(directory.accountPasswordFile) }
      users:
        base: \(directory.usersBase)
        naming: uid
        link: employeeNumber
        classes: [inetOrgPerson]
        attributes:
          uid: username
          cn: full_name
          sn: regexp_replace(full_name, '^.*\\s', '')
          mail: email
        inactive: delete

      """, to: "rollcall.yaml")
    configuration = try Configuration.load(path: path, environment: [:])
    program = try MeasuredProgram(configuration: path, folder: folder.path)
  }

  private func prepare() async throws {
    try await postgres.psql("CREATE DATABASE hr")
    try await postgres.psql("CREATE ROLE rollcall LOGIN")
    try await postgres.psql(SQLScripts.example, database: "hr")
    try await postgres.psql(Person.insert(size), database: "hr")
    let (configuration, owner) = (self.configuration, conninfo)
    try await Reactor.run {
      let installer = try Installer(configuration, connection: owner)
      defer { installer.close() }
      try await installer.install()
    }
  }

  func end() async { await stopDaemon() }

  // MARK: Rollcall

  /// Runs `rollcall` with these arguments to its end.
  nonisolated func rollcall(_ arguments: [String]) async throws -> MeasuredProgram.Run {
    let program = self.program
    return try await blocking { try program.run(arguments) }
  }

  /// Brings the directory in step, if that has not been done.
  func fill() async throws {
    if isFilled { return }
    let run = try await rollcall(["sync", "--full", "--log-level", "error"])
    if run.status != 0 { throw BenchError("rollcall sync: \(run.output)") }
    isFilled = true
  }

  /// Says that the directory is in step, or that it is not any more.
  func note(filled: Bool) { isFilled = filled }

  /// Starts the daemon on a directory in step; returns when it leads.
  func startDaemon() async throws -> RunningDaemon {
    if let daemon, !daemon.hasEnded { return RunningDaemon(pid: daemon.pid) }
    try await fill()
    let started = try await ChildProcess.start(
      program.path, ["run", "--config", configuration.file, "--log-level", "error"], name: "daemon",
      in: folder)
    daemon = started
    let configuration = self.configuration
    try await eventually(within: .seconds(60), "the daemon to lead") {
      if started.hasEnded { return true }
      let report = try await Reactor.run { try await StatusReport.read(configuration) }
      return report.leader != nil && report.directory?.state == "connected" && report.backlog == 0
    }
    if started.hasEnded { throw BenchError("the daemon has ended: \(try started.printed())") }
    return RunningDaemon(pid: started.pid)
  }

  func stopDaemon() async {
    await daemon?.stop()
    daemon = nil
  }

  // MARK: Without Rollcall

  /// Deletes everybody from the directory.
  func empty() async throws {
    let (access, base, size) = (self.access, self.base, self.size)
    try await blocking {
      let directory = try BareDirectory(access)
      // 32: nobody was there.
      try directory.pipeline(size, tolerating: 32) {
        try directory.sendDelete(Person(key: $0 + 1).dn(below: base))
      }
    }
    isFilled = false
  }
}

/// Runs a loop that blocks on a thread of its own.
func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await Reactor.blocking { Result { try body() } }.get()
}
