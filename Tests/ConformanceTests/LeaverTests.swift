import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// `leavers` and `delete_after`, on each kind of server.
@Suite struct LeaverTests {
  @Test(arguments: Servers.kinds)
  func whoLeavesIsMovedAndOneDayDeleted(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.users = ["removed: disable", "leavers: ou=former", "delete_after: 1h"]
    try await Servers.withSite(kind, settings) { site in
      try await site.insert(["ann", "ben"])
      try await site.sync()
      try await site.sql("DELETE FROM users WHERE id = 1; UPDATE users SET status = 'left' WHERE id = 2")
      try await site.sync()
      let names = try await [site.entry(1), site.entry(2)].compactMap { $0?.dn.text }
      #expect(names.allSatisfy { $0.lowercased().contains(",ou=former,") } && names.count == 2, "\(names)")
      #expect(try await site.sql("SELECT key FROM rollcall.coming") == "1")
      try await site.expectAtRest()
      try await site.sync(full: true)
      #expect(try await site.sql("SELECT state NOT IN ('', 'changed') FROM rollcall.leaver") == "t")
      // Back in its place, and able to log in.
      try await site.sql("UPDATE users SET status = 'active' WHERE id = 2")
      try await site.sync()
      #expect(try await site.canLogIn(2))
      try await site.expectAtRest()
      try await site.sql("UPDATE rollcall.leaver SET since = since - interval '2 hours'")
      try await site.sync()
      #expect(try await site.names() == ["ben"])
      #expect(try await site.sql("SELECT count(*) FROM rollcall.leaver") == "0")
      try await site.expectAtRest()
    }
  }
}
