import Sandbox
import Testing

/// G1: a group's change that the server carries out late finds the person under a name that it does not have any more.
@Suite struct LateMembershipTests {
  /// A site with ben in the group devs, whose directory is reached through a tap, with a short deadline.
  private func withDaemon(_ body: @Sendable (Site, LDAPTap) async throws -> Void) async throws {
    let world = try await World.shared
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    var settings = SiteSettings.groups()
    settings.directoryPort = tap.port
    settings.directory = "timeout: 8s"
    let site = try await world.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.grant([(2, "devs")])
    try await site.withDaemon { _ in
      try await eventually("ben is in") { try await site.members("devs") == ["ben"] }
      try await eventually("ann is there") { try await site.names() == ["ann", "ben"] }
      tap.arm(.stuck(1))
      try await site.grant([(1, "devs")])
      try await eventually("her join is stuck") { tap.isReached }
      try await body(site, tap)
      try await eventually("nothing is journalled any more") {
        try await site.sql("SELECT count(*) FROM rollcall.renaming") == "0"
      }
    }
    try await site.expectInStep()
  }

  private func deliver(_ tap: LDAPTap, _ site: Site) async throws {
    tap.deliverLate()
    try await eventually("the stale join is done", poll: .milliseconds(5)) {
      try await site.members("devs")?.contains("ann") == true
    }
  }

  @Test("a join under a name that the person has left meanwhile is taken back")
  func afterARename() async throws {
    try await withDaemon { site, tap in
      try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
      try await eventually("she has her new name, in the group too") {
        try await site.members("devs") == ["anna", "ben"]
      }
      try await deliver(tap, site)
      try await eventually("it is taken back") { try await site.members("devs") == ["anna", "ben"] }
    }
  }

  @Test("a join of somebody who is gone meanwhile is taken back")
  func afterADelete() async throws {
    try await withDaemon { site, tap in
      try await site.sql("DELETE FROM user_roles WHERE user_id = 1; DELETE FROM users WHERE id = 1")
      try await eventually("she is gone") { try await site.names() == ["ben"] }
      try await deliver(tap, site)
      try await eventually("it is taken back") { try await site.members("devs") == ["ben"] }
    }
  }

  @Test("who takes a name that was left while a join under it was open does not get into the group by that")
  func whoTakesTheName() async throws {
    try await withDaemon { site, tap in
      try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
      try await eventually("she has her new name, in the group too") {
        try await site.members("devs") == ["anna", "ben"]
      }
      try await site.insert(["ann"], from: 3)
      try await deliver(tap, site)
      try await eventually("it is taken back") { try await site.members("devs") == ["anna", "ben"] }
      try await eventually("the next ann is there") { try await site.names() == ["ann", "anna", "ben"] }
      #expect(try await site.value("uid", of: "3") == "ann")
    }
  }
}
