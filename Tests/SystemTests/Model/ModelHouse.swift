import Sandbox

/// The servers of the model, and two daemons of one configuration between them, each with ways of its own.
actor ModelHouse {
  /// A daemon's place: its ways to the servers, and the process that is there now.
  private struct Place {
    var database: TCPProxy
    var directory: TCPProxy
    var yaml: String
    var daemon: DaemonProcess
  }

  nonisolated let world: FaultyWorld
  nonisolated let site: Site
  private var places: [Place] = []
  /// Whether people have groups and containers, and removals a tiny budget that an operator has to help out of.
  nonisolated let isHeld: Bool

  init(isHeld: Bool = false) async throws {
    self.isHeld = isHeld
    world = try await FaultyWorld.start(settings: ["max_prepared_transactions": "20"])
    var settings = isHeld ? SiteSettings.groups() : SiteSettings()
    if isHeld {
      settings.more = "removals: { most: 5%, least: 2 }"
      settings.users += "\n  container: [{ ou: \"left(username, 1)\" }]"
    }
    // Exchanges of names within one statement pass the constraint.
    settings.schema += "\nALTER TABLE users ADD UNIQUE (username) DEFERRABLE INITIALLY DEFERRED;"
    settings.directory = "timeout: 3s"
    settings.more += "\nsweep: { every: 2s }"
    if isHeld {
      // Who ever was there, for the budget.
      settings.schema += """

        CREATE TABLE everybody (key int);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO public.everybody VALUES (NEW.id); RETURN NULL; END';
        CREATE TRIGGER note AFTER INSERT OR UPDATE OF id ON users FOR EACH ROW EXECUTE FUNCTION note();
        """
    }
    site = try await world.site(settings)
  }

  func startDaemons() async throws {
    for number in 0..<2 {
      let database = try await TCPProxy.start(to: world.postgres.port)
      let directory = try await TCPProxy.start(to: world.directory.port)
      let yaml = site.yaml.replacing("port=\(world.postgres.port)", with: "port=\(database.port)")
        .replacing("127.0.0.1:\(world.directory.port)", with: "127.0.0.1:\(directory.port)")
      let daemon = try await DaemonProcess.start(site, in: world.folder, name: "model\(number)", yaml: yaml)
      places.append(Place(database: database, directory: directory, yaml: yaml, daemon: daemon))
    }
  }

  var numbers: Range<Int> { places.indices }

  func database(_ number: Int) -> TCPProxy { places[number].database }
  func directory(_ number: Int) -> TCPProxy { places[number].directory }
  func daemon(_ number: Int) -> DaemonProcess { places[number].daemon }

  /// Starts a daemon again where one was killed.
  func restart(_ number: Int) async throws {
    places[number].daemon = try await DaemonProcess.start(
      site, in: world.folder, name: "model\(number)", yaml: places[number].yaml)
  }

  /// Whether each daemon is alive: none may end by itself.
  func deaths() throws -> [String] {
    try places.filter { $0.daemon.process.hasEnded }.map { try $0.daemon.process.printed() }
  }

  func stopDaemons() async {
    for place in places { await place.daemon.process.stop() }
    places = []
  }

  /// The last words of the daemons.
  func words() -> String {
    places.map { ((try? $0.daemon.process.printed()) ?? "").split(separator: "\n").suffix(40).joined(separator: "\n") }
      .joined(separator: "\n--\n")
  }
}
