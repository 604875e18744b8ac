internal import Glibc
internal import Reactor
internal import RollcallConfiguration
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
