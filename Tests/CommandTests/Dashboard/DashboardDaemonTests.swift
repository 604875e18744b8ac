import Sandbox
import Testing

/// What the pages show that only the daemon can say.
@Suite(.serialized) struct DashboardDaemonTests {
  @Test("Health shows what check finds, and the configuration of the daemon without secrets; Waiting the exact LDIF")
  func whatTheDaemonSays() async throws {
    var settings = SiteSettings()
    settings.users += "\n  password: \"'Tiger-' || id\"\n  create_only: { description: \"'Secret-' || id\" }"
    settings.users += "\n  removed: disable\n  leavers: ou=former\n  delete_after: 30d"
    settings.more = "removals: { least: 1, most: 10% }"
    let site = try await House.shared.site(settings)
    try await site.install()
    let viewer = try await site.viewer()
    try await site.hire((1...6).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await soon("they are there") { try await site.names().count == 6 }
      let dashboard = try await DashboardSite.start(of: site, viewer: viewer).loggedIn()
      let page = try await soon("the daemon has run its checks") {
        try await dashboard.get("/health").body
      } is: {
        $0.contains("read, directory &quot;\(site.name)&quot;") || $0.contains("read, directory \"\(site.name)\"")
      }
      #expect(page.contains("users.link") || page.contains("public.users"), "\(page)")
      #expect(page.contains("source:") && page.contains("uid: username"), "the configuration is there")
      for secret in ["Tiger-", "Secret-", "rollcall-secret", "password: \"\(site.name)"] {
        #expect(!page.contains(secret), "\(secret)")
      }
      try await site.sql("DELETE FROM users WHERE id = 6")
      try await soon("her deletion will come") {
        try await site.sql("SELECT key, dn FROM rollcall.coming") == "6|uid=u6,ou=former,\(site.base)"
      }
      let coming = try await dashboard.get("/waiting").body
      #expect(coming.contains("comes without anybody") && coming.contains("ou=former"), "\(coming)")
      try await site.sql("UPDATE users SET status = 'left' WHERE id <= 3")
      try await soon("they are held") {
        try await site.sql("SELECT count(*) FROM rollcall.held WHERE NOT approved") == "3"
      }
      // The page may still hold what it has read a moment ago.
      let waiting = try await soon("the page shows what would be written") {
        try await dashboard.get("/waiting").body
      } is: {
        $0.contains("changetype: modify")
      }
      #expect(waiting.contains("dn: uid=u1,\(site.base)"))
      #expect(!waiting.contains("dn: uid=u4,"), "nobody but the held ones")
      await dashboard.process.stop()
      #expect(try await site.sql("SELECT count(*) FROM rollcall.request WHERE asker IS NOT NULL") == "0")
    }
  }
}
