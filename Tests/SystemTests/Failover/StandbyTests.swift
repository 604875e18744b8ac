import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// A standby of PostgreSQL that is promoted after it has lost the primary's last commits.
@Suite(.serialized) struct StandbyTests {
  @Test("G1: lost commits are undone in the directory, and the promoted standby is followed")
  func theStandbyIsPromoted() async throws {
    let world = try await FaultyWorld.start()
    let primary = world.postgres
    let replication = try await TCPProxy.start(to: primary.port)
    let standby = try await primary.startStandby(through: replication.port)
    var settings = SiteSettings()
    settings.connection = { name in
      "host=127.0.0.1,127.0.0.1 port=\(primary.port),\(standby.port) user=\(name) dbname=\(name) "
        + "target_session_attrs=read-write"
    }
    let site = try await world.site(settings)
    let after = Site(site.name, site.base, site.configuration, site.yaml, standby, world.directory)
    try await site.insert((1...50).map { "u\($0)" })
    try await site.withDaemon { daemon in
      try await eventually("all are there") { try await site.names().count == 50 }
      try await primary.caughtUp(standby)
      await replication.refuse()
      try await site.sql(
        """
        UPDATE users SET email = 'lost' || id WHERE id <= 20;
        UPDATE users SET username = 'lost' || id WHERE id BETWEEN 21 AND 25;
        DELETE FROM users WHERE id > 45;
        """)
      try await site.insert(["lost"], from: 100)
      try await eventually("the directory has what will be lost") {
        let entries = try await site.entries(["uid", "mail"]).values
        return entries.count == 46 && entries.count { $0["mail"].first?.text?.hasPrefix("lost") == true } == 21
          && entries.count { $0["uid"].first?.text?.hasPrefix("lost") == true } == 6
      }
      try await primary.kill()
      try await standby.promote()
      try await eventually(within: .seconds(90), "the lost commits are undone") {
        let entries = try await site.entries(["uid", "mail"]).values
        return entries.count == 50
          && entries.allSatisfy { entry in
            entry["uid"].first?.text?.hasPrefix("u") == true && entry["mail"].first?.text?.hasPrefix("u") == true
          }
      }
      try await after.insert(["new"], from: 200)
      try await eventually(within: .seconds(90), "the promoted standby is followed") {
        try await site.names().contains("new")
      }
      try await eventually("it is connected") { try await daemon.statusText() == "connected" }
      #expect(try await after.parked().isEmpty)
    }
    try await after.expectInStep()
  }
}
