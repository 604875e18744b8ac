import Sandbox

/// The servers of the model, and two daemons of one configuration between them, each with ways of its own.
actor ModelHouse {
  /// A daemon's place: its ways to the servers, and the process that is there now.
  private struct Place {
    var database: TCPProxy
    var directories: [TCPProxy]
    var yaml: String
    var daemon: DaemonProcess
  }

  nonisolated let plan: ModelPlan
  nonisolated let folder: TemporaryFolder
  nonisolated let postgres: PostgresServer
  /// One, or two that replicate to each other.
  nonisolated let directories: [any ThrowawayDirectory]
  nonisolated let mirror: MirroredDirectories?
  nonisolated let site: Site
  /// The site as the other directory server shows it.
  nonisolated let mirrored: Site?
  /// The other directory on the same log.
  nonisolated let second: Site?
  private var places: [Place] = []
  private var secondDaemon: DaemonProcess?
  /// A standby has taken over that lacked the last commits.
  var hasLostCommits: Bool { losses > 0 }
  private(set) var losses = 0

  init(_ plan: ModelPlan = ModelPlan()) async throws {
    self.plan = plan
    folder = try TemporaryFolder()
    // What is committed survives the death of the processes, not of the machine.
    postgres = try await PostgresServer.start(
      in: folder,
      settings: ["max_connections": "100", "synchronous_commit": "on", "max_prepared_transactions": "20"],
      durable: false)
    (directories, mirror) = try await Self.startDirectories(plan, in: folder)
    var settings = Self.settings(plan)
    settings.directoryURLs = directories.map(\.url)
    let site = try await Site.make(number: 1, settings, postgres, directories[0])
    self.site = site
    try await mirror?.converge()
    mirrored = mirror.map { Site(site.name, site.base, site.configuration, site.yaml, site.postgres, $0.second) }
    second = plan.hasSecond ? try await Self.second(beside: site) : nil
    for site in sites where plan.hasHandmade { try await ModelHandmade.makePlace(site) }
  }

  /// The site and the other directory on its log.
  nonisolated var sites: [Site] { [site] + [second].compactMap(\.self) }

  private static func startDirectories(
    _ plan: ModelPlan, in folder: TemporaryFolder
  ) async throws -> ([any ThrowawayDirectory], MirroredDirectories?) {
    if ModelPlan.directory == .directory389, !plan.isMirrored {
      var options = Directory389Options()
      options.durable = false
      return ([try await Directory389Server.start(in: folder, options: options)], nil)
    }
    var options = OpenLDAPOptions()
    options.durable = false
    guard plan.isMirrored else {
      options.ppolicy = true
      return ([try await DirectoryServer.start(in: folder, options: options)], nil)
    }
    let mirror = try await MirroredDirectories.start(in: folder, options: options)
    return ([mirror.first, mirror.second], mirror)
  }

  private static func settings(_ plan: ModelPlan) -> SiteSettings {
    var settings = plan.isHeld ? SiteSettings.groups() : SiteSettings()
    // Exchanges of names within one statement pass the constraint.
    settings.schema += "\nALTER TABLE users ADD UNIQUE (username) DEFERRABLE INITIALLY DEFERRED;"
    // Contracts end at times of their own.
    settings.schema += "\nALTER TABLE users ADD ends timestamptz; CREATE INDEX ON users (ends);"
    settings.source = settings.source.replacing(
      "active: status = 'active'", with: "active: status = 'active' AND (ends IS NULL OR now() < ends)\n  due: [ends]")
    // Each is managed by one who may be there, and by one whom a change of the row exchanges for another.
    settings.users += "\n  references: { manager: \"\(ModelOracle.managers)\" }"
    ModelRooms.add(to: &settings)
    ModelAccounts.add(to: &settings)
    ModelHandmade.add(to: &settings)
    settings.directory = "timeout: 3s"
    // Who has left is moved, and deleted a moment later.
    if plan.hasLeavers { settings.users += "\n  removed: disable\n  leavers: ou=former\n  delete_after: 1s" }
    if plan.isHeld {
      settings.more = "removals: { most: 5%, least: 2 }"
      settings.users += "\n  container: [{ ou: \"left(username, 1)\" }]"
      // Who ever was there, for the budget.
      settings.schema += """

        CREATE TABLE everybody (key int);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO public.everybody VALUES (NEW.id); RETURN NULL; END';
        CREATE TRIGGER note AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note();
        """
    }
    settings.more += "\nsweep: { every: 2s }"
    return settings
  }

  /// A directory of another name, with a base of its own, that reads the same table.
  private static func second(beside site: Site) async throws -> Site {
    let base = "ou=second,\(site.directory.usersBase)"
    try await site.directory.modify("dn: \(base)\nchangetype: add\nobjectClass: organizationalUnit\nou: second\n")
    let yaml = site.yaml.replacing("name: \(site.name)\n", with: "name: second\n").replacing(site.base, with: base)
    return Site(site.name, base, site.configuration, yaml, site.postgres, site.directory)
  }

  // MARK: Daemons

  func startDaemons() async throws {
    for number in 0..<2 {
      let database = try await TCPProxy.start(to: postgres.port)
      var yaml = site.yaml.replacing("port=\(postgres.port)", with: "port=\(database.port)")
      var proxies: [TCPProxy] = []
      for directory in directories {
        let port = directory.url.split(separator: ":").last.flatMap { Int($0) } ?? 0
        let proxy = try await TCPProxy.start(to: port)
        yaml = yaml.replacing(directory.url, with: "ldap://127.0.0.1:\(proxy.port)")
        proxies.append(proxy)
      }
      let daemon = try await DaemonProcess.start(site, in: folder, name: "model\(number)", yaml: yaml)
      places.append(Place(database: database, directories: proxies, yaml: yaml, daemon: daemon))
    }
  }

  var numbers: Range<Int> { places.indices }

  func database(_ number: Int) -> TCPProxy { places[number].database }
  func directories(_ number: Int) -> [TCPProxy] { places[number].directories }
  func daemon(_ number: Int) -> DaemonProcess { places[number].daemon }

  /// Starts a daemon again where one was killed.
  func restart(_ number: Int) async throws {
    places[number].daemon = try await DaemonProcess.start(
      site, in: folder, name: "model\(number)", yaml: places[number].yaml)
  }

  /// Has the daemon of the second directory come back, or go away.
  func second(isBack: Bool) async throws {
    guard let second, isBack == (secondDaemon == nil) else { return }
    if isBack {
      secondDaemon = try await DaemonProcess.start(second, in: folder, name: "second")
    } else {
      await secondDaemon?.process.stop()
      secondDaemon = nil
    }
  }

  private var daemons: [DaemonProcess] { places.map(\.daemon) + [secondDaemon].compactMap(\.self) }

  /// Whether each daemon is alive: none may end by itself.
  func deaths() throws -> [String] {
    try daemons.filter { $0.process.hasEnded }.map { try $0.process.printed() }
  }

  func stopDaemons() async {
    for daemon in daemons { await daemon.process.stop() }
    places = []
    secondDaemon = nil
  }

  /// The last words of the daemons.
  func words() -> String {
    daemons.map { ((try? $0.process.printed()) ?? "").split(separator: "\n").suffix(40).joined(separator: "\n") }
      .joined(separator: "\n--\n")
  }

  /// What row, log, journal and daemons have of the first people whom a list of differences names.
  func story(of differences: String) async -> String {
    let named = differences.matches(of: #/(?:missing: |differs: |twice: |link \["?)(\d+)/#)
    let keys = named.prefix(3).map { String($0.1) }
    var lines: [String] = []
    for key in keys {
      lines.append("-- \(key)")
      for table in [
        "users AS t WHERE id = \(key)", "rollcall.change AS t WHERE key = '\(key)'",
        "rollcall.pinned AS t WHERE key = '\(key)'", "rollcall.parked AS t WHERE key = '\(key)'",
        "(SELECT * FROM rollcall.journal WHERE key = '\(key)' ORDER BY id DESC LIMIT 30) AS t",
      ] { lines.append((try? await site.sql("SELECT t.* FROM \(table)")) ?? "\(table): not read") }
      lines.append((try? await site.sql("SELECT xmin, xmax FROM users WHERE id = \(key)")) ?? "")
      for daemon in daemons {
        let printed = ((try? daemon.process.printed()) ?? "").split(separator: "\n").filter { $0.contains(key) }
        lines += ["-- a daemon"] + printed.suffix(20).map(String.init)
      }
    }
    lines.append((try? await site.sql("SELECT string_agg(r::text, ' ' ORDER BY room) FROM rooms AS r")) ?? "")
    for daemon in daemons {
      let told = ((try? daemon.process.printed()) ?? "").split(separator: "\n").filter {
        !$0.contains(" applied ") && !$0.contains(" parked ")
      }
      lines += ["-- a daemon, without people"] + told.suffix(60).map(String.init)
    }
    return lines.joined(separator: "\n")
  }

  /// Restarts directory servers of which one has stopped reading from the other, as an administrator would: slapd's
  /// consumer may end without another try when its provider dies.
  ///
  /// - Returns: whether it was needed.
  func mendReplication() async throws -> Bool {
    guard let mirror, (try? await mirror.converge(within: .seconds(20))) == nil else { return false }
    for directory in directories { try await directory.restart() }
    return true
  }

  func noteLostCommits() { losses += 1 }

  // MARK: Outcome

  /// How the table differs from what each server holds for each directory that is not away.
  func differences() async throws -> [String] {
    var lines = try await ModelOracle.differences(site, forgivesLocks: hasLostCommits)
    for (name, other) in [("mirror", mirrored), ("second directory", secondDaemon == nil ? nil : second)] {
      guard let other else { continue }
      let found = try await ModelOracle.differences(other, forgivesLocks: hasLostCommits)
      lines += found.map { "\(name): \($0)" }
    }
    return lines
  }

  /// SQL that counts what the directories that are not away have not settled.
  var unsettled: String {
    // By entries that were not deleted, because it was lost that Rollcall has disabled them.
    let forgiven = hasLostCommits ? "AND p.reason <> 'name-taken'" : ""
    return """
      SELECT (SELECT count(*) FROM rollcall.change c, rollcall.directory d
          WHERE \(isHere("d.name")) AND (d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark)))
        + (SELECT count(*) FROM rollcall.parked AS p WHERE \(isHere("p.directory")) \(forgiven))
      """
  }

  private func isHere(_ name: String) -> String { secondDaemon == nil ? "\(name) <> 'second'" : "true" }
}
