import Reactor
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// G8: whoever else notices a key, its removal stays with the batch that decides it.
@Suite struct DecidedTogetherTests {
  /// Sixty people in step, each in one of three groups, whom the daemon has forgotten afterwards.
  private func forgotten() async throws -> Site {
    // Somebody has agreed to the groups beforehand: what is held here are the removals.
    var settings = SiteSettings.groups("adopt: true")
    settings.more = "removals: { most: 10%, least: 25 }\nsweep: { every: 1s }"
    let site = try await World.shared.site(settings)
    try await site.insert((1...60).map { "u\($0)" })
    try await site.sql("INSERT INTO user_roles SELECT id, 'g' || id % 3 FROM users")
    try await site.sync()
    #expect(try await site.names().count == 60)
    let configuration = site.configuration
    let administration = site.postgres.conninfo(database: site.name)
    _ = try await Reactor.run {
      let uninstaller = try Uninstaller(configuration, connection: administration)
      defer { uninstaller.close() }
      return try await uninstaller.forgetDirectory()
    }
    return site
  }

  @Test("G8: members of groups that rows name again are decided by the first comparison, not one by one")
  func groupsInTheFirstComparison() async throws {
    let site = try await forgotten()
    try await site.sql("DELETE FROM users WHERE id <= 20")
    try await site.withDaemon { _ in
      try await eventually("twenty are held") { try await site.heldKeys().count == 20 }
      try await eventually("the groups are compared") {
        try await site.sql("SELECT count(*) FROM rollcall.managed_group WHERE compared") == "3"
      }
      try await site.sql("INSERT INTO users VALUES (100, 'last', 'x', 'The Last', 'active', now())")
      try await eventually("all else flows") { try await site.names().contains("last") }
    }
    #expect(try await site.names().count == 61)
    #expect(try await site.sql("SELECT count(*) FROM rollcall.removal") == "0")
  }

  @Test("G8: a wipe behind single updates that wait is decided as a whole")
  func aWipeBehindUpdates() async throws {
    let world = try await FaultyWorld.start()
    var settings = SiteSettings()
    settings.more = "removals: { most: 10%, least: 25 }\nsweep: { every: 1s }"
    let site = try await world.site(settings)
    try await site.insert((1...400).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 400 }
      try await world.directory.freeze()
      for id in 1...200 { try await site.sql("UPDATE users SET email = 'new' WHERE id = \(id)") }
      try await site.sql("DELETE FROM users")
      await world.directory.thaw()
      try await eventually(within: .seconds(60), "all are held") {
        try await site.sql("SELECT count(*) FROM rollcall.held")
      } is: {
        $0 == "400"
      }
    }
    #expect(try await site.names().count == 400)
    #expect(try await site.sql("SELECT count(*) FROM rollcall.removal") == "0")
  }
}
