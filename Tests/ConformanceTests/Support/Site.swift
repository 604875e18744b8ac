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

/// One database, one base on a server of any kind, and the daemon between them.
final class Site: Sendable {
  let name: String
  let base: String
  let groupsBase: String
  let naming: String
  let configuration: Configuration
  let postgres: PostgresServer
  let server: any ThrowawayDirectory
  /// The file, and where it may have versions.
  private let yaml: String
  private let folder: TemporaryFolder

  init(
    _ settings: SiteSettings, _ servers: Servers, _ server: any ThrowawayDirectory
  ) async throws {
    name = await servers.nextName()
    base = "ou=\(name),\(server.usersBase)"
    groupsBase = "ou=\(name),\(server.groupsBase)"
    postgres = servers.postgres
    self.server = server
    let profile = Profile.of(server.kind)
    naming = profile.naming
    for unit in [base] + (settings.groups == nil ? [] : [groupsBase]) {
      try await server.modify("dn: \(unit)\nchangetype: add\nobjectClass: organizationalUnit\nou: \(name)\n")
    }
    try await postgres.psql("CREATE DATABASE \(name)")
    try await postgres.psql(SQLScripts.install, database: name)
    try await postgres.psql(settings.schema, database: name)
    try await postgres.psql("SELECT rollcall.watch('public.users', 'id')", database: name)
    let sections =
      if let document = settings.document { Self.moved(document, to: server, base: base) } else {
        Self.sections(settings, server, base, groupsBase)
      }
    yaml = """
      name: \(name)
      source:
        connection: "\(postgres.conninfo(database: name))"
        table: public.users
        key: id
        \(settings.active)
        \(Self.lines(2, settings.source))
      \(sections)
      removals: { most: 100% }
      """
    folder = servers.folder
    let file = try folder.write(yaml, to: "\(name).yaml")
    configuration = try Configuration.load(path: file, environment: [:])
  }

  private init(_ site: Site, _ yaml: String) throws {
    (name, base, groupsBase, naming) = (site.name, site.base, site.groupsBase, site.naming)
    (postgres, server, folder, self.yaml) = (site.postgres, site.server, site.folder, yaml)
    let file = try folder.write(yaml, to: "\(name)-\(yaml.utf8.count).yaml")
    configuration = try Configuration.load(path: file, environment: [:])
  }

  /// The same with something in the file replaced.
  func changed(_ old: String, to new: String) throws -> Site {
    try #require(yaml.contains(old))
    return try Site(self, yaml.replacing(old, with: new))
  }

  /// The sections behind `source`, made of the settings.
  private static func sections(
    _ settings: SiteSettings, _ server: any ThrowawayDirectory, _ base: String, _ groupsBase: String
  ) -> String {
    let profile = Profile.of(server.kind)
    var groups = ""
    if let further = settings.groups {
      groups = lines(2, ["groups:", "base: \(groupsBase)", "classes: [\(profile.groupClass)]"] + further)
    }
    return """
      directory:
        url: \(settings.url ?? server.secureURL ?? server.url)
        ca: \(server.authorityFile ?? "null")
        bind: \(settings.bind ?? #"{ dn: "\#(server.accountDN)", password_file: "\#(server.accountPasswordFile)" }"#)
        \(lines(2, settings.directory))
      users:
        base: \(base)
        naming: \(profile.naming)
        link: \(settings.link)
        classes: [\((profile.classes + settings.classes).joined(separator: ", "))]
        attributes:
          \(lines(4, settings.attributes ?? profile.attributes))
        password: "\(settings.password)"
        \(lines(2, settings.users))
      \(groups)
      """
  }

  /// A document of example.com, for this server and base.
  private static func moved(_ document: String, to server: any ThrowawayDirectory, base: String) -> String {
    document.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      switch line.split(separator: ":").first {
      case "  url": "  url: \(server.secureURL ?? server.url)"
      case "  ca": "  ca: \(server.authorityFile ?? "null")"
      case "  bind": #"  bind: { dn: "\#(server.accountDN)", password_file: "\#(server.accountPasswordFile)" }"#
      case "  base": "  base: \(base)"
      default: String(line)
      }
    }.joined(separator: "\n")
  }

  private static func lines(_ indent: Int, _ lines: [String]) -> String {
    lines.joined(separator: "\n" + String(repeating: " ", count: indent))
  }

  @discardableResult
  func sql(_ text: String) async throws -> String { try await postgres.psql(text, database: name) }

  // MARK: Rollcall

  static let logger = Logger(label: "rollcall") { _ in SwiftLogNoOpLogHandler() }

  /// Runs the body with a daemon that has compared everybody once, where it can, and ends it in order.
  nonisolated(nonsending) func withDaemon(_ body: () async throws -> Void) async throws {
    let configuration = self.configuration
    let daemon = try await Reactor.run {
      RunningDaemon(Daemon(try Engine(configuration, logger: Site.logger)))
    }
    do {
      try await eventually(within: .seconds(60), "the daemon is connected") {
        try await daemon.statusText().hasPrefix("connected")
      }
      // The first comparison holds every removal that is noticed meanwhile.
      _ = try? await eventually(within: .seconds(15), "everybody was compared") { try await daemon.hasCompared() }
      try await body()
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

  /// Expects that `plan` is empty, nobody is set aside, and a comparison of everybody writes nothing.
  func expectInStep(_ location: SourceLocation = #_sourceLocation) async throws {
    let configuration = self.configuration
    let result = try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      return try await Rehearsal(engine).run([])
    }
    let steps = result.plan.sequences.flatMap(\.steps).map { LDIF.change($0.operation) }
    #expect(steps == [], sourceLocation: location)
    #expect(result.parked.isEmpty && result.held.isEmpty, sourceLocation: location)
  }

  /// The same, with nobody else at work: a comparison of everybody writes nothing either.
  func expectAtRest(_ location: SourceLocation = #_sourceLocation) async throws {
    try await expectInStep(location)
    #expect(try await sync(full: true).applied == 0, sourceLocation: location)
  }

  // MARK: Directory

  /// Entries below the base, as the administrator sees them.
  func entries(
    _ attributes: [String] = ["*", "nsAccountLock", "pwdAccountLockedTime"], _ scope: SearchScope = .oneLevel,
    below other: String? = nil, _ filter: Filter = .present("objectClass")
  ) async throws -> [Entry] {
    let (server, base) = (self.server, other ?? self.base)
    return try await Reactor.run {
      var options = LDAPOptions(url: server.secureURL ?? server.url)
      options.caFile = server.authorityFile
      options.bind = .simple(dn: server.adminDN, password: BindPassword(server.adminPassword))
      let session = try await LDAPSession.open(options)
      defer { session.close() }
      return try await session.search(
        base: DistinguishedName(unchecked: base), scope: scope, filter: filter, attributes: attributes)
    }
  }

  /// The entry that carries a key.
  func entry(_ key: Int) async throws -> Entry? {
    try await entries(
      ["*", "nsAccountLock", "pwdAccountLockedTime"], .subtree, .equal("employeeNumber", AttributeValue("\(key)"))
    ).first
  }

  /// One value of the entry that carries a key; nil if there is no such entry, or no value.
  func value(_ attribute: String, of key: Int) async throws -> String? {
    try await entry(key)?[attribute].first?.text
  }

  /// The user names below the base, sorted.
  func names() async throws -> [String] {
    try await entries([naming]).compactMap { $0[naming].first?.text }.sorted()
  }

  /// The user names in the order of their keys.
  func namesByKey() async throws -> [String] {
    let named = try await entries([naming, "employeeNumber"]).map { entry in
      (Int(entry["employeeNumber"].first?.text ?? "") ?? -1, entry[naming].first?.text ?? "")
    }
    return named.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// Whether the person can log in with the first password.
  func canLogIn(_ key: Int) async throws -> Bool {
    let entry = try #require(try await entry(key))
    return try await server.admits(entry.dn.text, password: "First-Pw-\(key)")
  }

  // MARK: Table

  /// Inserts active people with these user names, keys from `first` on.
  func insert(_ names: [String], from first: Int = 1) async throws {
    let rows = names.enumerated().map { index, name in
      "(\(first + index), '\(name)', '\(name)@example.com', 'Full \(name)', 'active', now())"
    }
    try await sql("INSERT INTO users VALUES \(rows.joined(separator: ", "))")
  }

  /// `key|reason` of each parked key.
  func parked() async throws -> [String] {
    try await sql("SELECT key, reason FROM rollcall.parked ORDER BY key").split(separator: "\n").map(
      String.init)
  }
}

/// A daemon in this process.
final class RunningDaemon: Sendable {
  private let daemon: Daemon
  private let task: Task<Void, any Error>
  private let status = StatusBoard()

  @Reactor
  init(_ daemon: Daemon) {
    self.daemon = daemon
    daemon.onStatus = { [status] in status.last = $0 }
    task = Task(executorPreference: Reactor.loop) { try await daemon.run() }
  }

  @Reactor
  private final class StatusBoard {
    var last = ""
    nonisolated init() {}
  }

  func statusText() async throws -> String {
    let status = self.status
    return try await Reactor.run { status.last }
  }

  func hasCompared() async throws -> Bool {
    let daemon = self.daemon
    return try await Reactor.run { !daemon.engine.reconciles.isUnderWay }
  }

  func stop() async throws {
    let daemon = self.daemon
    try await Reactor.run { daemon.stop() }
    try await task.value
  }
}
