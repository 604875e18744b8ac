import LDAP
import LDAPModel
import Logging
import Postgres
import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration
@testable import RollcallEngine
@testable import RollcallLedger

/// One database, one base, and the daemon between them.
final class Site: Sendable {
  let name: String
  let base: String
  let database: String
  /// Of the groups, where the settings have any.
  var groupsBase: String { "ou=\(name),\(directory.groupsBase)" }
  let configuration: Configuration
  /// The text of the configuration.
  let yaml: String
  let postgres: PostgresServer
  let directory: any ThrowawayDirectory

  static func make(
    number: Int, _ settings: SiteSettings, _ postgres: PostgresServer, _ directory: any ThrowawayDirectory
  ) async throws -> Site {
    let name = "site\(number)"
    let base = "ou=\(name),\(directory.usersBase)"
    let encoding = settings.encoding.map { " TEMPLATE template0 ENCODING '\($0)' LOCALE 'C'" } ?? ""
    try await postgres.psql("CREATE DATABASE \(name)\(encoding)")
    let groupsBase = "ou=\(name),\(directory.groupsBase)"
    for unit in settings.groups == nil ? [base] : [base, groupsBase] {
      try await directory.modify(
        "dn: \(unit)\nchangetype: add\nobjectClass: organizationalUnit\nou: \(name)\n")
    }
    try await postgres.psql(SQLScripts.install, database: name)
    try await postgres.psql(settings.schema, database: name)
    try await postgres.psql(settings.watch, database: name)
    // The daemon has the rights of grants.sql and no others, in every test.
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    try await postgres.psql("CREATE ROLE \(name) LOGIN")
    try await postgres.psqlFile("/\(root)/sql/grants.sql", variables: ["role": name], database: name)
    if let grant = settings.grants { try await postgres.psql("\(grant) \(name)", database: name) }
    let connection =
      settings.connection?(name) ?? postgres.conninfo(user: name, database: name, port: settings.databasePort)
    let urls =
      settings.directoryURLs.isEmpty
      ? [settings.directoryPort.map { "ldap://127.0.0.1:\($0)" } ?? directory.url] : settings.directoryURLs
    let yaml = """
      name: \(name)
      source:
        connection: "\(connection)"
        table: \(settings.table)
        key: \(settings.key)
        \(settings.source)
      directory:
        url: [\(urls.joined(separator: ", "))]
        \(settings.directory)
        bind: { dn: "\(directory.accountDN)", password: "\(directory.accountPassword)" }
      users:
        base: \(base)
        naming: uid
        link: employeeNumber
        classes: [\(settings.classes.joined(separator: ", "))]
        attributes:
          \(settings.attributes)
        \(settings.users.replacing("$BASE", with: base))
      \(settings.groups.map { "groups:\n  base: \(groupsBase)\n  \($0)" } ?? "")
      \(settings.more)
      """
    let configuration = try Configuration.parse(yaml, file: "\(name).yaml", environment: [:]) {
      _ throws(UnreadableFile) in throw UnreadableFile(reason: "no files here")
    }
    return Site(name, base, configuration, yaml, postgres, directory)
  }

  /// - Parameter database: nil where it has the directory's name.
  init(
    _ name: String, _ base: String, _ configuration: Configuration, _ yaml: String, _ postgres: PostgresServer,
    _ directory: any ThrowawayDirectory, database: String? = nil
  ) {
    self.name = name
    self.database = database ?? name
    self.base = base
    self.configuration = configuration
    self.yaml = yaml
    self.postgres = postgres
    self.directory = directory
  }

  @discardableResult
  func sql(_ text: String) async throws -> String { try await postgres.psql(text, database: database) }

  // MARK: Rollcall

  /// Starts a daemon in this process; it leads when this returns.
  func run() async throws -> RunningDaemon {
    let configuration = self.configuration
    let running = try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      return RunningDaemon(Daemon(engine))
    }
    try await running.ready()
    return running
  }

  /// Runs the body with a daemon that has compared everybody once, where it can, and ends it in order.
  ///
  /// - Parameter compared: false where the body begins at once.
  nonisolated(nonsending) func withDaemon(
    compared: Bool = true, _ body: (RunningDaemon) async throws -> Void
  ) async throws {
    let daemon = try await run()
    do {
      if compared { await daemon.hasCompared() }
      try await body(daemon)
      try await daemon.stop()
    } catch {
      try? await daemon.stop()
      throw error
    }
  }

  @discardableResult
  func sync(full: Bool = false, logger: Logger = Site.logger) async throws -> OneShot.Outcome {
    let configuration = self.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: logger)
      defer { engine.close() }
      return try await OneShot(engine).run(full ? .full : .look)
    }
  }

  /// What `rollcall plan` would show.
  func plan() async throws -> Rehearsal.Result {
    let configuration = self.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      return try await Rehearsal(engine).run([])
    }
  }

  /// What `rollcall status` would show.
  func report() async throws -> StatusReport {
    let configuration = self.configuration
    return try await Reactor.run { try await StatusReport.read(configuration) }
  }

  /// Expects that nothing is to be done and nobody is set aside.
  func expectInStep(_ location: SourceLocation = #_sourceLocation) async throws {
    let result = try await plan()
    #expect(result.plan.sequences.flatMap(\.steps).isEmpty, sourceLocation: location)
    #expect(result.parked.isEmpty && result.held.isEmpty, sourceLocation: location)
  }

  static let logger: Logger = {
    var logger = Logger(label: "rollcall") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    return logger
  }()

  // MARK: Directory

  /// The entries below the base, by DN.
  func entries(_ attributes: [String] = ["*"]) async throws -> [String: Entry] {
    let directory = self.directory
    let base = self.base
    let found = try await Reactor.run {
      var options = LDAPOptions(url: directory.url)
      options.bind = .simple(dn: directory.adminDN, password: BindPassword(directory.adminPassword))
      let session = try await LDAPSession.open(options)
      defer { session.close() }
      return try await session.search(
        base: DistinguishedName(unchecked: base), scope: .oneLevel, filter: .present("objectClass"),
        attributes: attributes)
    }
    return Dictionary(uniqueKeysWithValues: found.map { ($0.dn.text, $0) })
  }

  /// The user names below the base, sorted.
  func names() async throws -> [String] {
    try await entries(["uid"]).values.compactMap { $0["uid"].first?.text }.sorted()
  }

  /// One value of the entry that carries a key; nil if there is no such entry, or no value.
  func value(_ attribute: String, of key: String) async throws -> String? {
    let entry = try await entries().values.first { $0["employeeNumber"].first?.text == key }
    return entry?[attribute].first?.text
  }
}

/// A daemon in this process.
final class RunningDaemon: Sendable {
  let daemon: Daemon
  private let task: Task<Void, any Error>
  private let status: StatusBoard

  @Reactor
  init(_ daemon: Daemon) {
    self.daemon = daemon
    let status = StatusBoard()
    self.status = status
    daemon.onStatus = { status.last = $0 }
    task = Task(executorPreference: Reactor.loop) { try await daemon.run() }
  }

  @Reactor
  final class StatusBoard {
    var last = ""
    nonisolated init() {}
  }

  func statusText() async throws -> String {
    let status = self.status
    return try await Reactor.run { status.last }
  }

  func ready() async throws {
    try await eventually("the daemon is connected") { try await statusText().hasPrefix("connected") }
  }

  /// Waits a while until the first comparison has been decided, which holds every removal that is noticed meanwhile. It
  /// never is where rows or entries cannot be read.
  func hasCompared() async {
    let daemon = self.daemon
    _ = try? await eventually(within: .seconds(15), "everybody was compared") {
      try await Reactor.run { !daemon.engine.reconciles.isUnderWay }
    }
  }

  func stop() async throws {
    let daemon = self.daemon
    try await Reactor.run { daemon.stop() }
    try await task.value
  }
}
