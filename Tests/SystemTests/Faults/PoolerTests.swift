import Foundation
import Postgres
import Reactor
import RollcallEngine
import Sandbox
import Testing

/// A pooler between the daemon and PostgreSQL.
@Suite struct PoolerTests {
  @Test(
    "behind a transaction pooler neither LISTEN nor the leader's lock lasts: refused at start, with the cause",
    arguments: ["transaction", "statement", "session"])
  func aPooler(mode: String) async throws {
    let world = try await World.shared
    let port = try PgBouncer.freePort()
    var settings = SiteSettings()
    settings.databasePort = port
    let site = try await world.site(settings)
    let pooler = try await PgBouncer.start(
      mode: mode, port: port, before: world.postgres, user: site.name, in: world.folder)
    let daemon = try await DaemonProcess.start(site, in: world.folder)
    if mode == "session" {
      try await daemon.ready()
      try await site.insert(["ann"])
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      await daemon.process.stop()
    } else {
      #expect(await daemon.process.waitForEnd() == .exited(1))
      let words = try daemon.process.printed()
      #expect(words.contains("pooler") && words.contains("session mode"), "\(words)")
    }
    await pooler.stop()
  }
}

/// A throwaway PgBouncer.
enum PgBouncer {
  static func freePort() throws -> Int {
    let tap = try LDAPTap(to: 1)
    defer { tap.stop() }
    return tap.port
  }

  static func start(
    mode: String, port: Int, before server: PostgresServer, user: String, in folder: TemporaryFolder
  ) async throws -> ChildProcess {
    let home = "\(folder.path)/pgbouncer.\(mode)"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
    let users = "\(home)/users"
    try "\"\(user)\" \"\"\n".write(toFile: users, atomically: true, encoding: .utf8)
    let file = "\(home)/pgbouncer.ini"
    try """
    [databases]
    * = host=127.0.0.1 port=\(server.port)
    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = \(port)
    unix_socket_dir =
    auth_type = trust
    auth_file = \(users)
    pool_mode = \(mode)
    ignore_startup_parameters = extra_float_digits
    """.write(toFile: file, atomically: true, encoding: .utf8)
    // As root it refuses to run.
    let process = try await ChildProcess.start(
      "/bin/sh",
      [
        "-c",
        "if [ $(id -u) = 0 ]; then chmod 755 \(home); exec pgbouncer -u postgres \(file); fi; exec pgbouncer \(file)",
      ],
      name: "pgbouncer.\(mode)", in: folder)
    try await eventually("pgbouncer to answer") {
      if process.hasEnded {
        throw SandboxError.failed(command: "pgbouncer", status: "ended", output: try process.printed())
      }
      _ = try await Reactor.run {
        try await PostgresConnection.open(
          try ConnectionOptions("host=127.0.0.1 port=\(port) user=\(user) dbname=postgres", applicationName: "test"))
      }
      return true
    }
    return process
  }
}
