import LDAPModel
import RollcallAdministration
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

  @Test("who follows a name that changes while the last confirmed people are looked at again is no sign of lost writes")
  func whoFollowsDuringALook() async throws {
    var settings = SiteSettings()
    settings.schema += "; ALTER TABLE users ADD manager_id bigint"
    settings.users += "\n  references: { manager: manager_id }"
    let site = try await World.shared.site(settings)
    try await site.insert(["boss"])
    try await site.sql(
      """
      INSERT INTO users (id, username, email, full_name, status, manager_id)
      SELECT n, 'v' || n, 'x', 'Full V', 'active', 1 FROM generate_series(101, 1600) AS n
      """)
    try await site.sync()
    let compared = try await site.sql("SELECT last_reconcile FROM rollcall.directory")
    try await site.withDaemon(compared: false) { _ in
      // The notified change goes ahead of those who are looked at again.
      try await site.sql("UPDATE users SET username = 'chief' WHERE id = 1")
      try await eventually("all follow") {
        let chief = "uid=chief,\(site.base)"
        return try await site.entries(["manager"]).values.count { $0["manager"].first?.text == chief } == 1500
      }
      try await eventually("nobody is looked at any more") {
        try await site.sql("SELECT count(*) FROM rollcall.reference WHERE due IS NOT NULL") == "0"
      }
      #expect(try await site.report().problems.isEmpty)
    }
    #expect(try await site.sql("SELECT last_reconcile FROM rollcall.directory") == compared)
  }
}
