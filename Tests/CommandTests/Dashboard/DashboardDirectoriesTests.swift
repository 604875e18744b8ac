import Foundation
import Sandbox
import Testing

/// Pages about several directories of one database, and about more than a page can hold. What the daemons would have
/// written is inserted here.
@Suite struct DashboardDirectoriesTests {
  /// Three directories: `one`, `two` and `three`, whose journals are interleaved.
  private func site() async throws -> (Site, DashboardSite) {
    let site = try await House.shared.site()
    try await site.install()
    let viewer = try await site.viewer()
    try await site.sql(
      """
      INSERT INTO rollcall.directory (name, watermark, server, base, looked_at, state, last_reconcile)
      SELECT name, pg_current_snapshot(), 'ldap://' || name, 'ou=' || name, now(), 'connected', now()
      FROM unnest('{one,two,three}'::text[]) AS name;
      INSERT INTO rollcall.minute
      SELECT name, date_trunc('minute', now()) - n * interval '1 min', gen_random_uuid(), 1, 10, 1, 0,
        ARRAY[0,0,0,10,0,0,0,0,0,0,0,0,0,0,0,0,0,0] FROM unnest('{one,two}'::text[]) AS name, generate_series(1, 50) n;
      INSERT INTO rollcall.journal (directory, key, action, outcome, cause, dn, xid)
      SELECT ('{one,two,three}'::text[])[n % 3 + 1], n::text, CASE n % 2 WHEN 0 THEN 'update' ELSE 'create' END, 'done',
        'notification', 'uid=u' || n || ',ou=users', (n + 1000)::text::xid8 FROM generate_series(1, 150) n;
      INSERT INTO rollcall.held (directory, action, subject, dn, reason)
      VALUES ('two', 'delete', 'h', 'uid=h,ou=users', 'the budget');
      INSERT INTO rollcall.parked (directory, key, reason, message) VALUES ('three', 'p', 'schema', 'no'), ('one', 'q', 'schema', 'no');
      INSERT INTO rollcall.pinned (directory, key, because, actor, until) VALUES
        ('one', 'n', 'a leave', 'ops', NULL), ('three', 'm', 'over', 'ops', now() - interval '1 s');
      """)
    return (site, try await DashboardSite.start(of: site, viewer: viewer).loggedIn())
  }

  private func keys(_ html: String) throws -> [Int] {
    html.matches(of: #/<span class="who"><code>(\d+)<\/code>/#).compactMap { Int($0.output.1) }
  }

  @Test("Now has a table of all and a card for each, with lag, writes, what is to do and the last writes")
  func cards() async throws {
    let (_, dashboard) = try await site()
    let page = try await dashboard.get("/").body
    #expect(page.contains("All directories, the worst first"))
    let cards = page.split(separator: "<article class=\"card ").dropFirst().map(String.init)
    #expect(cards.count == 3)
    for name in ["one", "two", "three"] {
      let card = try #require(cards.first { $0.contains("<h3><a href=\"/?directory=\(name)\">") }, "\(page)")
      #expect(card.contains("Nobody leads. Changes wait until a daemon is started."))
      #expect(card.contains(name == "three" ? "no daemon led" : "500, at most 10 per minute"))
      #expect(card.contains(name == "three" ? "nothing was written" : "p50 7.1\u{A0}ms, p99 9.9\u{A0}ms"))
      #expect(card.contains("0\u{A0}changes to go"))
      let (parked, held, pinned) = (name == "two" ? 0 : 1, name == "two" ? 1 : 0, name == "one" ? 1 : 0)
      #expect(card.contains("\(parked)\u{A0}parked · \(held)\u{A0}held · \(pinned)\u{A0}pinned"))
      let last = ["one": 150, "two": 148, "three": 149][name] ?? 0
      let shown = card.matches(of: #/<li>.*?<code>(\d+)<\/code>/#).map { String($0.output.1) }
      #expect(shown == ["\(last)", "\(last - 3)", "\(last - 6)"])
    }
    await dashboard.process.stop()
  }

  @Test("History shows all directories' rows in their order, page by page, and how to export exactly these")
  func history() async throws {
    let (_, dashboard) = try await site()
    var found: [Int] = []
    var path: String? = "/history"
    while let next = path {
      let page = try await dashboard.get(next).body
      found += try keys(page)
      path = try #/href="(\/history\?before=\d+)"/#.firstMatch(in: page).map { String($0.output.1) }
    }
    #expect(found == (1...150).reversed())
    let created = try keys(try await dashboard.get("/history?action=create").body)
    #expect(created == stride(from: 149, to: 50, by: -2).map { $0 })
    #expect(try keys(try await dashboard.get("/history?xid=1077").body) == [77])
    #expect(try keys(try await dashboard.get("/history?dn=UID%3DU7%2C%20ou%3Dusers").body) == [7])
    #expect(try keys(try await dashboard.get("/history?directory=two&key=76").body) == [76])
    #expect(try keys(try await dashboard.get("/history?directory=one&key=76").body).isEmpty)
    let all = try await dashboard.get("/history?action=create&since=2h&key=-7").body
    #expect(!all.contains("rollcall history"), "there is no row")
    let some = try await dashboard.get("/history?action=create&since=2h").body
    #expect(some.contains("rollcall history --config NAME.yaml --action create --since 2h --ldif</code>"))
    let one = try await dashboard.get("/history?directory=two&xid=1001").body
    #expect(one.contains("rollcall history --config two.yaml --xid 1001 --json</code>"))
    #expect(one.contains("rollcall undo --config two.yaml "))
    await dashboard.process.stop()
  }

  @Test("Waiting and the search for a person look at all directories")
  func waiting() async throws {
    let (site, dashboard) = try await site()
    let page = try await dashboard.get("/waiting").body
    for text in ["uid=h,ou=users", "a leave", "/people/p?directory=three", "/people/q?directory=one"] {
      #expect(page.contains(text), "\(text)")
    }
    #expect(!page.contains("over"), "a pin that has ended is none")
    #expect(try await dashboard.get("/people?find=h")["location"] == "/people/h?directory=two")
    #expect(try await dashboard.get("/people?find=150")["location"] == "/people/150?directory=one")
    let named = try await dashboard.get("/people?find=uid%3DU149%2Cou%3Dusers")
    #expect(named["location"] == "/people/149?directory=three")
    #expect(try await dashboard.get("/people/h?directory=two").body.contains("rollcall release --config two.yaml h<"))
    // More is held than a page can show.
    try await site.sql(
      """
      INSERT INTO rollcall.held (directory, action, subject, dn, reason)
      SELECT 'two', 'delete', n::text, 'uid=u' || n || ',ou=users', 'the budget' FROM generate_series(1, 20000) n
      """)
    let wiped = try await soon("the page says so") {
      try await dashboard.get("/waiting").body
    } is: {
      $0.contains("<h3>More than 10\u{202F}000 removals wait for your decision")
    }
    #expect(wiped.utf8.count < 100_000 && wiped.contains("rollcall release --config two.yaml --set ID"))
    #expect(try await dashboard.get("/?directory=two").body.contains("more than 10\u{202F}000"))
    await dashboard.process.stop()
  }
}
