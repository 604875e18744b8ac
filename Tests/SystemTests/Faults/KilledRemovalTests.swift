import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// A daemon that is killed while it removes people.
@Suite struct KilledRemovalTests {
  @Test("G13: SIGKILL at any moment of 600 removals; whoever has gone is in the journal with the whole entry")
  func killedWhileRemoving() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 100% }"
    let site = try await World.shared.site(settings)
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'u' || n || '@example.com', 'Full ' || n, 'active', now()
      FROM generate_series(1, 600) n
      """)
    #expect(try await site.sync().parked == 0)
    try await TemporaryFolder.with { folder in
      for round in 0..<3 {
        let daemon = try await DaemonProcess.start(site, in: folder, name: "daemon\(round)")
        try await daemon.ready()
        let before = try await site.names().count
        try await site.sql("DELETE FROM users WHERE id > \(round * 200) AND id <= \(round * 200 + 200)")
        try await eventually(within: .seconds(60), "it is in the middle") { try await site.names().count < before - 20 }
        try await daemon.process.kill()
        try await expectAccounted(site)
      }
    }
    #expect(try await site.sync().parked == 0)
    #expect(try await site.names().isEmpty)
    try await expectAccounted(site)
    // What was open has an end, once nothing of a predecessor can be on its way any more.
    try await site.withDaemon { _ in
      try await eventually(within: .seconds(60), "no intent is open") {
        try await site.sql(
          """
          SELECT count(*) FROM rollcall.journal i WHERE outcome = 'intended'
            AND NOT EXISTS (SELECT FROM rollcall.journal r WHERE r.intent = i.id)
          """) == "0"
      }
    }
    #expect(
      try await site.sql(
        "SELECT count(DISTINCT key) FROM rollcall.journal WHERE action = 'delete' AND outcome = 'done'") == "600")
  }

  /// Whoever was there and is not any more has a row with the entry's own address in it.
  private func expectAccounted(_ site: Site) async throws {
    let there = Set(try await site.names())
    let gone = (1...600).map { "u\($0)" }.filter { !there.contains($0) }
    let told = Set(
      try await site.sql(
        """
        SELECT 'u' || key FROM rollcall.journal WHERE action = 'delete' AND outcome = 'intended'
          AND changes #>> '{mail,removed,0}' = 'u' || key || '@example.com'
        """
      ).split(separator: "\n").map(String.init))
    #expect(gone.filter { !told.contains($0) } == [])
  }
}
