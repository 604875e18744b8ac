import LDAPModel
import Sandbox
import Testing

/// 389 Directory Server, restored from a copy of its data.
@Suite struct RestoredTests {
  @Test("G1: what a restored 389 has lost is written again", .enabled(if: Servers.kinds.contains(.directory389)))
  func theDirectoryIsRestored() async throws {
    try await Servers.withSite(.directory389, alone: true) { site in
      guard let server = site.server as? Directory389Server else { return }
      try await site.sql(
        """
        INSERT INTO users SELECT n, 'r' || n, 'r' || n || '@example.com', 'Full ' || n, 'active', now()
        FROM generate_series(1, 60) n
        """)
      try await site.withDaemon {
        try await eventually(within: .seconds(60), "all are there") { try await site.entries().count == 60 }
        await server.stop()
        try await server.backup()
        try await server.start()
        try await site.sql("UPDATE users SET email = 'new' || id WHERE id <= 40; DELETE FROM users WHERE id > 55")
        func isDone() async throws -> Bool {
          let entries = try await site.entries()
          return entries.count == 55
            && entries.count { $0["mail"].first?.text?.hasPrefix("new") == true } == 40
        }
        try await eventually(within: .seconds(60), "all are changed") { try await isDone() }
        await server.stop()
        try await server.restore()
        try await server.start()
        try await eventually(within: .seconds(60), "what was lost is there again") { try await isDone() }
      }
      try await site.expectInStep()
    }
  }
}
