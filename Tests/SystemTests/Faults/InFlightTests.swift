import Sandbox
import Testing

/// G1: who is being worked on while everybody is compared.
@Suite struct InFlightTests {
  @Test("an entry that is made when the comparison after a TRUNCATE has passed its place goes, too")
  func aTruncate() async throws {
    let world = try await World.shared
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    settings.directory = "timeout: 2m"
    settings.more += "\nsweep: { every: 200ms }"
    let site = try await world.site(settings)
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      tap.arm(.held(1))
      try await site.insert(["ben"], from: 2)
      try await eventually("ben's row was read, and his add is on its way") { tap.isReached }
      try await site.sql("TRUNCATE users")
      try await eventually("the others are gone") { try await site.names().isEmpty }
      tap.release()
      try await eventually("all is settled") {
        try await site.sql(
          """
          SELECT count(*) FROM rollcall.change c, rollcall.directory d
          WHERE d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark)
          """)
      } is: {
        $0 == "0"
      }
      #expect(try await site.names() == [])
    }
    try await site.expectInStep()
  }
}
