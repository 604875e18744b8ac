import LDAPModel
import Sandbox
import Testing

/// References to people whose entries change while those who name them are written.
@Suite struct ReferenceRaceTests {
  @Test("who is created with the DN of somebody who goes meanwhile names nobody in the end")
  func whoGoesMeanwhile() async throws {
    let world = try await World.shared
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    settings.directory = "timeout: 60s"
    settings.schema += "; ALTER TABLE users ADD manager_id bigint"
    settings.users += "\n  references: { manager: manager_id }"
    settings.more = "removals: { most: 50%, least: 5 }"
    let site = try await world.site(settings)
    try await site.insert((1...10).map { "u\($0)" })
    try await site.sync()
    try await site.withDaemon { _ in
      // Forty whom a read of the log finds are bulk work, so that the leaver goes ahead of them on another connection.
      tap.arm(.held(1))
      try await site.sql(
        """
        SET rollcall.notify = off;
        INSERT INTO users (id, username, email, full_name, status, manager_id)
        SELECT n, 'v' || n, 'x', 'Full V', 'active', 1 FROM generate_series(101, 140) AS n
        """)
      try await eventually("the first of them is held up") { tap.isReached }
      try await site.sql("DELETE FROM users WHERE id = 1")
      try await eventually("their manager has gone") { try await !site.names().contains("u1") }
      tap.release()
      try await eventually("they are there") { try await site.names().count == 49 }
      try await eventually("they name nobody") {
        try await site.entries(["manager"]).values.allSatisfy { $0["manager"].isEmpty }
      }
    }
    try await site.expectInStep()
  }
}
