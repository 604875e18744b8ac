import Foundation
import Glibc
import Testing

@testable import Sandbox

@Suite struct PostgresServerTests {
  @Test func keepsItsDataOverEveryKindOfEnd() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await PostgresServer.start(in: folder)
      let first = try await server.psql(
        "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2); SELECT count(*), sum(n) FROM t")
      #expect(first == "2|3")

      try await server.restart()
      try await server.restart(mode: .immediate)
      #expect(try await server.psql("SELECT sum(n) FROM t") == "3")

      let pid = try #require(await server.pid)
      try await server.kill()
      #expect(await server.pid == nil)
      await #expect(throws: SandboxError.self) { try await server.psql("SELECT 1") }
      try await server.start()
      #expect(try await server.psql("SELECT sum(n) FROM t") == "3")
      #expect(try #require(await server.pid) != pid)
    }
  }

  @Test func itsClockCanBeSetWhileItRuns() async throws {
    try await TemporaryFolder.with { folder in
      let clock = try SettableClock.make(in: folder)
      let server = try await PostgresServer.start(in: folder, durable: false, clock: clock)
      // Minutes ahead of the machine's.
      func ahead() async throws -> Int {
        let seconds = Double(try await server.psql("SELECT extract(epoch FROM clock_timestamp())")) ?? 0
        return Int(((seconds - Date.now.timeIntervalSince1970) / 60).rounded())
      }
      #expect(try await ahead() == 0)
      for minutes in [60, -1440, 0] {
        try clock.set(ahead: minutes * 60)
        #expect(try await ahead() == minutes)
      }
    }
  }

  @Test func frozenItKeepsConnectionsAndAnswersNothing() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await PostgresServer.start(in: folder, durable: false)
      let pid = try #require(await server.pid)
      try await server.freeze()
      let all = [pid] + ProcessTable.descendants(of: pid)
      #expect(all.count >= 4)
      // A backend that had just ended is a zombie: its parent cannot take notice.
      try await eventually("all to be stopped") {
        all.compactMap(ProcessTable.state)
      } is: {
        $0.allSatisfy("TZ".contains)
      }
      let client = try Peer.connect(to: server.port)
      #expect(client.look() == .nothing)
      client.socket.close()
      async let answer = server.psql("SELECT 'thawed'")
      await server.thaw()
      #expect(try await answer == "thawed")
    }
  }

  @Test func onlyTheNamedRolesNeedAPassword() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await PostgresServer.start(in: folder, durable: false, passwordRoles: ["ro'll call"])
      try await server.psql(#"CREATE ROLE "ro'll call" LOGIN PASSWORD 'it''s a \ secret'"#)
      #expect(try await server.ask(server.conninfo()) == "postgres")
      let right = server.conninfo(user: "ro'll call", password: #"it's a \ secret"#)
      #expect(try await server.ask(right) == "ro'll call")
      let wrong = server.conninfo(user: "ro'll call", password: "guess")
      let error = await #expect(throws: SandboxError.self) { try await server.ask(wrong) }
      #expect(error?.description.contains("password authentication failed") == true)
    }
  }

  @Test func showsItsCertificate() async throws {
    try await TemporaryFolder.with { folder in
      let authority = try await TestAuthority.make(in: folder)
      let stranger = try await TestAuthority.make(in: folder)
      let server = try await PostgresServer.start(in: folder, durable: false, tls: authority)
      let verified = server.conninfo(settings: [
        "sslmode": "verify-full", "sslrootcert": authority.certificate,
      ])
      #expect(
        try await server.ask(verified, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t")
      let mistrusted = server.conninfo(
        settings: ["sslmode": "verify-full", "sslrootcert": stranger.certificate])
      let error = await #expect(throws: SandboxError.self) { try await server.ask(mistrusted) }
      #expect(error?.description.contains("certificate verify failed") == true)
    }
  }

  @Test func takesSettingsAndScripts() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await PostgresServer.start(
        in: folder, settings: ["wal_level": "logical", "max_prepared_transactions": "3"], durable: false)
      #expect(try await server.psql("SHOW wal_level; SHOW max_prepared_transactions") == "logical\n3")
      let script = try folder.write("SELECT :'who';\nSELECT 1/0;\nSELECT 'not reached';", to: "script.sql")
      let error = await #expect(throws: SandboxError.self) {
        try await server.psqlFile(script, variables: ["who": "it's me"])
      }
      #expect(error?.description.contains("script.sql:2: ERROR:  division by zero") == true)
      try folder.write("SELECT :'who';", to: "script.sql")
      #expect(try await server.psqlFile(script, variables: ["who": "it's me"]) == "it's me\n")
    }
  }

  @Test func saysWhyItDoesNotStart() async throws {
    try await TemporaryFolder.with { folder in
      let error = await #expect(throws: SandboxError.self) {
        try await PostgresServer.start(in: folder, settings: ["wal_level": "nonsense"])
      }
      #expect(error?.description.contains(#"invalid value for parameter "wal_level""#) == true)
    }
  }
}

extension PostgresServer {
  /// One answer over TCP.
  fileprivate nonisolated func ask(
    _ conninfo: String, _ sql: String = "SELECT current_user"
  ) async throws -> String {
    let output = try await Command(psqlPath, ["-XAtq", "-c", sql, conninfo]).run()
    return String(output.dropLast())
  }
}
