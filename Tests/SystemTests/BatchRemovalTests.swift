import RollcallEngine
import Sandbox
import Testing

/// One statement's removals are decided as one, into however many messages it was cut.
@Suite struct BatchRemovalTests {
  @Test(arguments: [40, 70, 200])
  func aDeletePastTheBudgetRemovesNobody(deleted: Int) async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 10%, least: 25 }"
    let site = try await World.shared.site(settings)
    try await site.insert((1...210).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 210 }
      try await site.sql("DELETE FROM users WHERE id <= \(deleted)")
      try await eventually("all of them are held") {
        try await site.sql("SELECT count(*) FROM rollcall.held")
      } is: {
        $0 == "\(deleted)"
      }
      #expect(try await site.names().count == 210)
      // What is allowed goes at once, and everything else flows.
      try await site.sql("DELETE FROM users WHERE id = 210; UPDATE users SET email = 'new' WHERE id = 209")
      try await eventually("one is gone") { try await site.names().count == 209 }
      try await eventually("one is changed") { try await site.value("mail", of: "209") == "new" }
      // Rows that come back dissolve their holds.
      try await site.insert((1...deleted).map { "u\($0)" })
      try await eventually("no hold is left") {
        try await site.sql("SELECT count(*) FROM rollcall.held") == "0"
      }
    }
    try await site.expectInStep()
  }
}
