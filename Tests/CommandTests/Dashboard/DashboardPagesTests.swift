import Foundation
import Sandbox
import Testing

/// What the pages show of a database with a daemon at work, and what their forms do.
@Suite(.serialized) struct DashboardPagesTests {
  /// What HR, or whoever can write an entry, may put into a value.
  private static let hostile = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg onload=alert(1)>", "</title><b>bold",
    "&lt;b&gt;", "{{7*7}}", "javascript:alert(1)",
  ]

  private func expectHarmless(_ reply: Reply, _ path: String, location: SourceLocation = #_sourceLocation) {
    #expect(reply.status == 200, "\(path): \(reply.status)", sourceLocation: location)
    for piece in ["<script>alert", "<img src=x", "<svg onload", "</title><b>", "href=\"javascript:"] {
      #expect(!reply.body.contains(piece), "\(path): \(piece)", sourceLocation: location)
    }
  }

  @Test func valuesOfOthersAreTextOnEveryPage() async throws {
    var settings = SiteSettings()
    settings.schema =
      "CREATE TABLE users (id text PRIMARY KEY, username varchar, email varchar, full_name varchar, status varchar)"
    let site = try await House.shared.site(settings)
    try await site.install()
    let viewer = try await site.viewer(acting: true)
    for (number, text) in Self.hostile.enumerated() {
      let literal = text.replacing("'", with: "''")
      try await site.sql(
        """
        INSERT INTO users VALUES ('\(literal)', 'u\(number) \(literal)', '\(number)@example.com', 'Full \(literal)', 'active'),
          ('p\(literal)', NULL, '\(literal)', '\(literal)', '\(literal)')
        """)
    }
    try await site.withDaemon { _ in
      let dashboard = try await DashboardSite.start(of: site, viewer: viewer, ["--actions"]).loggedIn()
      try await soon("all are there") { try await site.names().count == Self.hostile.count }
      try await soon("the others are parked") {
        try await site.sql("SELECT count(*) FROM rollcall.parked") == "\(Self.hostile.count)"
      }
      let literal = Self.hostile[1].replacing("'", with: "''")
      try await site.sql(
        """
        INSERT INTO rollcall.held (directory, action, subject, dn, reason)
        VALUES ('\(site.name)', 'delete', '\(literal)', 'uid=\(literal)', '\(literal)');
        INSERT INTO rollcall.problem (directory, code, message, fix)
        VALUES ('\(site.name)', 'capture', '\(literal)', '\(literal)');
        UPDATE rollcall.directory SET reason = '\(literal)'
        """)
      for path in ["/", "/waiting", "/history", "/health", "/people"] {
        expectHarmless(try await dashboard.get(path), path)
      }
      // A key that no path can hold.
      try await site.sql("INSERT INTO users VALUES ('..', 'dots', 'dots@example.com', 'Full Dots', 'active')")
      try await soon("the last is there") { try await site.names().contains("dots") }
      let dots = try await dashboard.get("/people?find=..&directory=\(site.name)")
      #expect(dots.status == 200 && dots.body.contains("uid=dots,"))
      var unreserved = CharacterSet.alphanumerics
      unreserved.insert(charactersIn: "-._~")
      for text in Self.hostile {
        let encoded = text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
        for path in [
          "/people/\(encoded)", "/people/p\(encoded)", "/history?key=\(encoded)", "/history?dn=\(encoded)",
          "/history?xid=\(encoded)", "/history?since=\(encoded)", "/history?action=\(encoded)",
        ] {
          expectHarmless(try await dashboard.get(path), path)
        }
        let found = try await dashboard.get("/people?find=\(encoded)")
        #expect(found.status == 303 && found["location"]?.hasPrefix("/people/") == true, "\(text)")
        let unknown = try await dashboard.get("/?directory=\(encoded)")
        #expect(unknown.status == 404 && !unknown.body.contains("<script>alert"))
      }
      let most = try dashboard.memory().most
      #expect(most < 100)
      await dashboard.process.stop()
    }
  }

  @Test func aPersonIsExplainedAndActedFor() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let viewer = try await site.viewer(acting: true)
    try await site.hire(["ada", "bo", "cy"])
    var dashboard = try await DashboardSite.start(of: site, viewer: viewer, ["--actions"]).loggedIn()
    try await site.withDaemon { _ in
      dashboard = try await dashboard.withForms(site.name)
      try await soon("they are there") { try await site.names() == ["ada", "bo", "cy"] }
      try await soon("the page shows who leads") { try await !dashboard.get("/").body.contains("No process leads") }
      let page = try await dashboard.get("/people/1")
      #expect(page.status == 200 && page.body.contains("uid=ada,\(site.base)") && page.body.contains("in step"))
      try await soon("the page says when everybody is compared again") {
        try await dashboard.get("/").body.contains("next time <time ")
      }
      let created = try await dashboard.get("/history?action=create&since=1h")
      #expect(created.status == 200 && created.body.contains("uid=cy,\(site.base)"))
      #expect(created.body.contains("rollcall history --action create --since 1h --json</code>"))
      #expect(try await !dashboard.get("/history?action=update&since=1h").body.contains("uid=cy,"))
      // Nobody pins without saying why.
      let named = ["directory": site.name, "key": "1"]
      #expect(try await dashboard.act("/people/pin", named).status == 400)
      let pinned = try await dashboard.act("/people/pin", named.merging(["because": "on <leave>"]) { $1 })
      #expect(pinned.status == 303 && pinned["location"] == "/people/1?directory=\(site.name)")
      #expect(
        try await site.sql("SELECT key, because, actor LIKE 'dashboard@% (\(viewer))' FROM rollcall.pinned")
          == "1|on <leave>|t")
      let fromWaiting = named.merging(["because": "on <leave>", "page": "waiting"]) { $1 }
      let again = try await dashboard.act("/people/pin", fromWaiting)
      #expect(again.status == 303 && again["location"] == "/waiting?directory=\(site.name)")
      let told = try await dashboard.get("/people/1")
      #expect(told.body.contains("Pinned: nothing is written for key 1.") && told.body.contains("on &lt;leave&gt;"))
      #expect(try await !dashboard.get("/people/1").body.contains("Pinned: nothing"), "it is told once")
      #expect(try await dashboard.act("/people/unpin", named).status == 303)
      #expect(try await site.sql("SELECT count(*) FROM rollcall.pinned") == "0")
      // In another directory, or none, nothing is done.
      #expect(try await dashboard.act("/people/pin", ["directory": "x", "key": "1", "because": "x"]).status == 400)
      #expect(try await dashboard.act("/people/nothing", named).status == 404)

      try await site.directory.modify(
        "dn: uid=bo,\(site.base)\nchangetype: modify\nreplace: mail\nmail: wrong@example.com\n")
      #expect(try await dashboard.act("/people/sync", ["directory": site.name, "key": "2"]).status == 303)
      try await soon("it is put right") { try await site.values("mail", of: "2") == ["bo@example.com"] }
    }
    // Without a daemon the page shows what the database knows, and says so.
    try await soon("the page shows that nobody leads") {
      let page = try await dashboard.get("/people/1")
      return page.status == 200 && page.body.contains("what the database knows")
    }
    let refused = try await dashboard.act(
      "/people/pin", ["directory": site.name, "key": "1", "because": "x"])
    #expect(refused.status == 303)
    #expect(try await dashboard.get("/").body.contains("No daemon has answered"))
    #expect(try await site.sql("SELECT count(*) FROM rollcall.pinned") == "0")
    await dashboard.process.stop()
  }

  @Test func aHeldSetIsReleasedByItsNumber() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { least: 1, most: 10% }"
    let site = try await House.shared.site(settings)
    try await site.install()
    let viewer = try await site.viewer(acting: true)
    try await site.hire((1...8).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await soon("they are there") { try await site.names().count == 8 }
      try await site.sql("DELETE FROM users WHERE id <= 4")
      try await soon("they are held") {
        try await site.sql("SELECT count(*) FROM rollcall.held WHERE NOT approved") == "4"
      }
      let dashboard = try await DashboardSite.start(of: site, viewer: viewer, ["--actions"]).loggedIn()
        .withForms(site.name)
      // One of them alone, as the form above the table sends it.
      let first = try await dashboard.get("/waiting").body
      #expect(first.contains("form=\"held-\(site.name)\" formaction=\"/waiting/release\" name=\"key\" value=\"4\""))
      #expect(first.contains("form=\"held-\(site.name)\" formaction=\"/people/pin\" name=\"key\" value=\"4\""))
      let one = ["directory": site.name, "key": "4", "because": "alone", "page": "waiting"]
      let alone = try await dashboard.act("/waiting/release", one)
      #expect(alone.status == 303 && alone["location"] == "/waiting?directory=\(site.name)")
      try await soon("one is gone") { try await site.names().count == 7 }
      let because = "SELECT key, because FROM rollcall.journal WHERE action = 'release'"
      #expect(try await site.sql(because) == "4|alone")
      let page = try await dashboard.get("/waiting")
      let set = try #require(
        try #/name="set" value="([0-9a-f]{16})"/#.firstMatch(in: page.body).map { String($0.1) }, "\(page.body)")
      let form = ["directory": site.name, "set": set, "because": "they have left"]
      for count in ["", "2", "4", "three"] {
        let refused = try await dashboard.act("/waiting/release", form.merging(["count": count]) { $1 })
        #expect(refused.status == 409, "\(count)")
      }
      let other = form.merging(["set": "0123456789abcdef", "count": "3"]) { $1 }
      #expect(try await dashboard.act("/waiting/release", other).status == 409)
      #expect(try await site.sql("SELECT count(*) FROM rollcall.held WHERE NOT approved") == "3")
      let released = try await dashboard.act("/waiting/release", form.merging(["count": "3"]) { $1 })
      #expect(released.status == 303 && released["location"] == "/waiting?directory=\(site.name)")
      try await soon("they are gone") { try await site.names() == ["u5", "u6", "u7", "u8"] }
      #expect(
        try await site.sql(
          "SELECT count(*), max(because) FROM rollcall.journal WHERE action = 'release' AND actor LIKE 'dashboard@%'")
          == "4|they have left")
      #expect(try await !dashboard.get("/waiting").body.contains("name=\"set\""))
      // The id of a set alone names what is meant; who is parked is tried again without a name, too.
      try await site.sql("DELETE FROM users WHERE id IN (5, 6)")
      let second = try await soon("two more are held") { () -> String? in
        let page = try await dashboard.get("/waiting").body
        return try #/name="set" value="([0-9a-f]{16})"/#.firstMatch(in: page).map { String($0.1) }
      } is: {
        $0 != nil
      }
      try await soon("the first page says so, too") {
        try await dashboard.get("/").body.contains("2\u{A0}removals wait for your decision.")
      }
      let named = ["directory": site.name, "set": second ?? ""]
      #expect(try await dashboard.act("/waiting/release", named).status == 303)
      try await soon("they are gone, too") { try await site.names() == ["u7", "u8"] }
      #expect(try await dashboard.act("/waiting/retry", ["directory": site.name]).status == 303)
      await dashboard.process.stop()
    }
  }
}
