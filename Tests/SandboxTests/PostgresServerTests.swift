import Sandbox
import Testing

@Suite struct PostgresServerTests {
  @Test func answersAndKeepsItsDataOverEveryKindOfEnd() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await PostgresServer.start(in: folder, durable: false)
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
      #expect(try await server.psql("SHOW max_prepared_transactions") == "20")
    }
  }
}
