internal import Foundation
internal import Glibc
internal import Reactor
internal import RollcallConfiguration
internal import Sandbox
internal import ThrowawaySite

/// The servers, the table, and Rollcall's executable.
actor Stage {
  nonisolated let label: String
  nonisolated let isDurable: Bool
  nonisolated let isBusy: Bool
  nonisolated let size: Int
  nonisolated let site: ThrowawaySite
  nonisolated let access: DirectoryAccess
  nonisolated let program: MeasuredProgram
  private var daemon: ChildProcess?
  private var isFilled = false

  nonisolated var folder: TemporaryFolder { site.folder }
  nonisolated var postgres: PostgresServer { site.postgres }
  nonisolated var directory: DirectoryServer { site.directory }
  nonisolated var configuration: Configuration { site.configuration }
  nonisolated var conninfo: String { site.conninfo }
  nonisolated var base: String { directory.usersBase }

  /// - Parameters:
  ///   - size: how many people; nil for as many as the mapping is measured with.
  ///   - busy: whether others use the servers meanwhile.
  static func start(
    in folder: TemporaryFolder, _ mapping: MeasuredMapping, durable: Bool, size: Int?, busy: Bool
  ) async throws -> Stage {
    var options = OpenLDAPOptions()
    options.durable = durable
    let size = size ?? mapping.size(durable: durable)
    let site = try await ThrowawaySite.start(
      "bench", in: folder, options, surname: "regexp_replace(full_name, '^.*\\s', '')", lines: mapping.lines)
    let stage = try Stage(site, durable: durable, size: size, busy: busy)
    try await site.install(rows: Person.insert(size) + mapping.rows)
    return stage
  }

  private init(_ site: ThrowawaySite, durable: Bool, size: Int, busy: Bool) throws {
    self.site = site
    self.size = size
    isDurable = durable
    isBusy = busy
    label = (durable ? "durable" : "dbnosync") + (busy ? " busy" : "")
    let directory = site.directory
    access = DirectoryAccess(url: directory.url, dn: directory.accountDN, password: directory.accountPassword)
    program = try MeasuredProgram(configuration: site.configuration.file, folder: site.folder.path)
  }

  func end() async { await stopDaemon() }

  // MARK: Rollcall

  /// Runs `rollcall` with these arguments to its end.
  nonisolated func rollcall(_ arguments: [String]) async throws -> MeasuredProgram.Run {
    let program = self.program
    return try await blocking { try program.run(arguments) }
  }

  /// Brings the directory in step, unless it already is.
  func fill() async throws {
    if isFilled { return }
    let run = try await rollcall(["sync", "--full", "--log-level", "error"])
    if run.status != 0 { throw BenchError("rollcall sync: \(run.output)") }
    isFilled = true
  }

  /// Records whether the directory is in step.
  func note(filled: Bool) { isFilled = filled }

  /// Starts the daemon on a directory in step; returns when it leads.
  ///
  /// - Parameters:
  ///   - journal: false for a daemon that keeps no journal.
  ///   - isInStep: whether to wait until nothing is left to do.
  func startDaemon(journal: Bool = true, isInStep: Bool = true) async throws -> RunningDaemon {
    if let daemon, !daemon.hasEnded { return RunningDaemon(pid: daemon.pid) }
    try await fill()
    var file: String?
    if !journal {
      let text = try String(contentsOfFile: configuration.file, encoding: .utf8)
      file = try folder.write(text + "\njournal: off\n", to: "without-journal.yaml")
    }
    let started = try await site.startDaemon(program.path, ["--log-level", "error"], file: file)
    daemon = started
    guard try await site.untilItLeads(started, within: .seconds(60), isInStep: isInStep) else {
      throw BenchError("the daemon has ended: \(try started.printed())")
    }
    return RunningDaemon(pid: started.pid)
  }

  func stopDaemon() async {
    await daemon?.stop()
    daemon = nil
  }

  // MARK: Without Rollcall

  /// Has writers notify of each change or no longer, as a daemon does that is in time; where nobody asks for it, they
  /// send few.
  nonisolated func ring(_ isAsking: Bool) async throws {
    let ask = isAsking ? "; INSERT INTO rollcall.bell VALUES ('floor', true, 'infinity')" : ""
    try await postgres.psql("DELETE FROM rollcall.bell\(ask)", database: "hr")
  }

  /// Deletes all people from the directory.
  func empty() async throws {
    let (access, base, size) = (self.access, self.base, self.size)
    try await blocking {
      let directory = try BareDirectory(access)
      // 32: the entry did not exist.
      try directory.pipeline(size, tolerating: 32) {
        try directory.sendDelete(Person(key: $0 + 1).dn(below: base))
      }
    }
    isFilled = false
  }
}

/// Runs a blocking loop on a thread of its own.
func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await Reactor.blocking { Result { try body() } }.get()
}
