internal import Glibc
internal import Reactor
internal import RollcallConfiguration
internal import RollcallLedger
internal import Sandbox
internal import ThrowawaySite

/// The demo's servers, its configuration, and the daemon as a process of its own.
actor DemoSite {
  private nonisolated let site: ThrowawaySite
  nonisolated let daemonLog: String
  private nonisolated let program: String
  private var daemon: ChildProcess?

  nonisolated var postgres: PostgresServer { site.postgres }
  nonisolated var directory: DirectoryServer { site.directory }
  nonisolated var configuration: Configuration { site.configuration }

  static func start(in folder: TemporaryFolder) async throws -> DemoSite {
    Output.standard.say("A throwaway PostgreSQL and slapd in \(folder.path):")
    var options = OpenLDAPOptions()
    options.ppolicy = true
    let site = try await ThrowawaySite.start(
      "demo", in: folder, options, surname: "split_part(trim(full_name), ' ', -1)")
    let demo = try DemoSite(site)
    try await demo.prepare()
    return demo
  }

  private init(_ site: ThrowawaySite) throws {
    self.site = site
    daemonLog = "\(site.folder.path)/daemon.log"
    program = try OwnProgram.path()
  }

  private func prepare() async throws {
    Output.standard.say(
      """
        PostgreSQL  127.0.0.1:\(postgres.port), database hr
        slapd       127.0.0.1:\(directory.port), \(directory.usersBase)

      rollcall install
      """)
    try await site.install { Output.standard.say("  \($0)") }
  }

  // MARK: The daemon

  /// Starts the daemon; returns at once.
  func startDaemon() async throws {
    daemon = try await site.startDaemon(program)
  }

  /// Starts the web page as a role of its own, which may look and act; gives its address and its token.
  func startDashboard() async throws -> (address: String, token: String) {
    let path = program + "-dashboard"
    guard unsafe access(path, X_OK) == 0 else {
      throw Complaint("rollcall-dashboard is not installed: there is no \(path); build it with: make dashboard")
    }
    try await postgres.psql("CREATE ROLE rollcall_page LOGIN")
    let grants = try site.folder.write(SQLScripts.grants, to: "grants.sql")
    for variable in ["viewer", "operator"] {
      try await postgres.psqlFile(grants, variables: [variable: "rollcall_page"], database: "hr")
    }
    let page = try await ChildProcess.start(
      path,
      [
        "--listen", "127.0.0.1:0", "--actions", "--connection",
        "postgresql://rollcall_page@127.0.0.1:\(postgres.port)/hr",
      ], name: "dashboard", in: site.folder)
    let lines = try await eventually("the web page to listen") {
      if page.hasEnded { throw Complaint("the web page has ended: \(try page.printed())") }
      return try page.printed().split(separator: "\n").map(String.init)
    } is: {
      $0.count >= 2
    }
    return (String(lines[0].dropFirst("listening on ".count)), String(lines[1].dropFirst("token ".count)))
  }

  /// Waits until the daemon leads.
  func untilReady() async throws {
    guard try await site.untilItLeads(daemon, within: .seconds(30)) else {
      throw Complaint("the daemon has ended by itself")
    }
  }

  func lastWords() -> String { ((try? daemon?.printed()) ?? "nothing").suffix(2000).description }

  @discardableResult
  func stopDaemon() async -> ChildProcess.Ending? {
    let stopped = daemon
    daemon = nil
    return await stopped?.stop()
  }

  // MARK: Playground

  nonisolated var psqlLine: String { "psql \(site.conninfo.quoted)" }
  nonisolated var searchLine: String { directory.searchLine }
  nonisolated func rollcallLine(_ command: String) -> String {
    "\(program) \(command) --config \(configuration.file)"
  }

  @Reactor
  static func untilInterrupted() async {
    let (interrupts, interrupted) = AsyncStream.makeStream(of: Void.self)
    let signals = Signals(end: { interrupted.finish() })
    for await _ in interrupts {}
    signals.cancel()
  }
}
