internal import Glibc

/// A throwaway PostgreSQL server on a port of 127.0.0.1 and a socket in its temporary folder.
///
/// Clients need no password (trust), except for the roles in `passwordRoles`, which must authenticate (SCRAM) over
/// TCP.
public actor PostgresServer {
  public nonisolated let port: Int
  /// The folder of the unix socket, for `host=` of a conninfo.
  public nonisolated let socketFolder: String
  /// The path of the server's log.
  public nonisolated let log: String
  nonisolated let installation: PostgresInstallation
  nonisolated let folder: TemporaryFolder
  nonisolated let home: String
  private nonisolated let clock: SettableClock?
  private var process: ChildProcess?

  nonisolated var data: String { home + "/data" }
  private nonisolated var name: String { String(home.split(separator: "/").last ?? "postgres") }

  /// Creates a database cluster in `folder` and starts it; it answers queries when this returns.
  /// - Parameters:
  ///   - settings: settings of postgresql.conf that add to, or override, the defaults below.
  ///   - durable: false disables fsync.
  ///   - passwordRoles: roles that must authenticate over TCP with a password. They need not exist yet.
  ///   - tls: the authority whose server certificate is used for TLS.
  ///   - clock: its clock; nil: the machine's.
  /// - Throws: `SandboxError`.
  public static func start(
    in folder: TemporaryFolder, settings: [String: String] = [:], durable: Bool = true,
    passwordRoles: [String] = [], tls: TestAuthority? = nil, clock: SettableClock? = nil
  ) async throws -> PostgresServer {
    let installation = try PostgresInstallation.find()
    return try await FreePort.untilFree { port in
      let server = PostgresServer(
        installation: installation, folder: folder, home: try folder.makeSubfolder("postgres"), port: port,
        clock: clock)
      try await server.initialize(
        settings: settings, durable: durable, passwordRoles: passwordRoles, tls: tls)
      try await server.start()
      return server
    }
  }

  init(
    installation: PostgresInstallation, folder: TemporaryFolder, home: String, port: Int, clock: SettableClock? = nil
  ) {
    self.installation = installation
    self.folder = folder
    self.home = home
    self.port = port
    self.clock = clock
    socketFolder = home
    log = home + ".log"
  }

  private func initialize(
    settings: [String: String], durable: Bool, passwordRoles: [String], tls: TestAuthority?
  ) async throws {
    try await installation.own(home)
    var initdb = installation.command(
      "initdb",
      [
        "--pgdata", data, "--username", "postgres", "--encoding", "UTF8", "--locale", "C.UTF-8",
        "--auth", "trust", "--no-sync",
      ])
    initdb.workingDirectory = home
    _ = try await initdb.run()

    var configuration = [
      "listen_addresses": "127.0.0.1", "port": "\(port)", "unix_socket_directories": socketFolder,
      "log_line_prefix": "%m [%p] %q%a ", "timezone": "UTC",
      // In the data folder, so that a killed server leaves nothing in /dev/shm.
      "dynamic_shared_memory_type": "mmap",
    ]
    if !durable {
      configuration.merge(["fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"]) { $1 }
    }
    if let tls {
      let (certificate, key) = (home + "/server.crt", home + "/server.key")
      try Files.write(try Files.read(tls.server.certificate), to: certificate)
      try Files.write(try Files.read(tls.server.key), to: key, mode: 0o600)
      try await installation.own(certificate)
      try await installation.own(key)
      configuration.merge(["ssl": "on", "ssl_cert_file": certificate, "ssl_key_file": key]) { $1 }
    }
    configuration.merge(settings) { $1 }
    try append(
      configuration.sorted { $0.key < $1.key }.map { "\($0.key) = \(Self.quoted($0.value))\n" }.joined(),
      to: data + "/postgresql.conf")
    var rules = ["local all all trust", "local replication all trust"]
    rules += passwordRoles.map { "host all \"\($0)\" 127.0.0.1/32 scram-sha-256" }
    rules += ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
    try Files.write(rules.joined(separator: "\n") + "\n", to: data + "/pg_hba.conf")
  }

  nonisolated func append(_ text: String, to path: String) throws {
    try Files.write(try Files.read(path) + text, to: path)
  }

  /// Restarts it on the same port and data; returns when it answers. Does nothing if it runs.
  public func start() async throws {
    if let process, !process.hasEnded { return }
    let words = installation.prefix + (clock?.prefix ?? []) + ["\(installation.programs)/postgres", "-D", data]
    let started = try await ChildProcess.start(
      words[0], Array(words.dropFirst()), name: name, in: folder, workingDirectory: home, lastSignal: "QUIT")
    for file in clock?.leftovers(of: started.pid) ?? [] { try folder.takeAlong(file) }
    process = started
    // The Unix socket: another server that has taken the port meanwhile must not be mistaken for this one.
    let isReady = Command("\(installation.programs)/pg_isready", ["-q", "-h", socketFolder, "-p", "\(port)"])
    try await eventually(within: .seconds(60), "PostgreSQL on port \(port) to answer") {
      if started.hasEnded { return true }
      _ = try await isReady.run()
      return true
    }
    if started.hasEnded {
      throw SandboxError.ended(
        server: "PostgreSQL", status: "\(await started.waitForEnd())", output: Files.tail(log))
    }
  }

  /// How PostgreSQL is shut down: sessions are terminated (fast), or no checkpoint is made either (immediate).
  public enum StopMode: Sendable {
    case fast
    case immediate

    fileprivate var signal: Int32 { self == .fast ? SIGINT : SIGQUIT }
  }

  /// Stops it. Does nothing if it is not running.
  public func stop(mode: StopMode = .fast) async {
    await process?.stop(mode.signal)
    process = nil
  }

  public func restart(mode: StopMode = .fast) async throws {
    await stop(mode: mode)
    try await start()
  }

  /// SIGKILL to all its processes, like a power failure; `start()` restarts it.
  public func kill() async throws {
    guard let killed = process else { return }
    process = nil
    try await killed.kill()
    // Only the next start on this data would clean these up, and it may never come; until then the number of the dead
    // process may be reused.
    let lockFile = data + "/postmaster.pid"
    let lines = (try? Files.read(lockFile).split(separator: "\n", omittingEmptySubsequences: false)) ?? []
    if lines.count > 6, let segment = lines[6].split(separator: " ").last.flatMap({ Int32($0) }) {
      _ = shmctl(segment, IPC_RMID, nil)
    }
    for leftover in [lockFile, "\(socketFolder)/.s.PGSQL.\(port)", "\(socketFolder)/.s.PGSQL.\(port).lock"] {
      Files.remove(leftover)
    }
  }

  /// SIGSTOP to all its processes: connections stay open and nothing answers.
  public func freeze() async throws { try await process?.freeze() }

  /// SIGCONT to all its processes.
  public func thaw() { process?.thaw() }

  /// The postmaster's process identifier; nil while it is down.
  public var pid: Int32? { process.flatMap { $0.hasEnded ? nil : $0.pid } }

  /// A single-quoted value of postgresql.conf and, with the same rules, of SQL.
  static func quoted(_ value: String) -> String {
    "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
