import Sandbox
import Testing

/// What `explain` says when not everything is there, and what it never does.
@Suite(.serialized) struct ExplainAwayTests {
  @Test func theDirectoryIsDown() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    var away = try site.with(site.directory.url, "ldap://127.0.0.1:\(try FreePort.next())")
    let ran = try await away.rollcall("explain", "1")
    #expect(ran.code == 69 && ran.output.hasPrefix("key 1: unknown: the directory cannot be queried\n"))
    let explained = try await away.explain("1")
    #expect(
      explained.outcomes
        == "row=ok scope=ok mapping=ok match=error difference=error gate=ok last_write=no next=error")
    // Nor without its password.
    away.environment["LDAP_PASSWORD"] = nil
    let blind = try await away.explain("1")
    #expect(blind.verdict == "unknown" && blind["match"]?.text.contains("LDAP_PASSWORD") == true)
  }

  @Test func theDaemonIsAskedAlsoWhileItsDirectoryIsDown() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    let (own, server) = try await site.onOwnServer()
    try await own.withDaemon { _ in
      try await soon("ada is there") {
        try await server.search(base: own.base, filter: "(uid=ada)", attributes: ["uid"]).contains("uid: ada")
      }
      await server.stop()
      try await soon("it is paused") { try await own.status().directory.state == "paused" }
      var shell = own
      shell.environment["LDAP_PASSWORD"] = nil
      let explained = try await shell.explain("1")
      #expect(explained.verdict == "unknown" && explained["row"]?.outcome == "ok")
      #expect(explained["match"]?.text.hasPrefix("the directory cannot be queried: LDAP: ") == true)
      #expect(explained.next.hasSuffix("the daemon then resumes by itself"))
    }
  }

  @Test func theDatabaseIsDown() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.succeed("sync")
    let away = try site.with("port=\(site.postgres.port)", "port=\(try FreePort.next())")
    let ran = try await away.rollcall("explain", "1")
    #expect(ran.code == 69 && ran.output.hasPrefix("key 1: unknown: the database cannot be queried\n"))
    let explained = try await away.explain("1")
    #expect(explained["row"]?.text.contains("PostgreSQL: ") == true)
    // The entry is found all the same.
    #expect(explained["match"]?.text == "uid=ada,\(site.base) carries the key")
  }

  @Test func aStandby() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    let standby = try await site.postgres.startStandby(through: site.postgres.port)
    try await site.postgres.caughtUp(standby)
    let there = try site.with("port=\(site.postgres.port)", "port=\(standby.port)")
    let ran = try await there.rollcall("explain", "1")
    #expect(ran.code == 2, "\(ran.words)")
    #expect(ran.output.contains("this database is a standby; ask on the primary"))
    #expect(ran.output.contains("changetype: add"))
    await standby.stop()
  }

  @Test func nothingIsWritten() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 0%, least: 0 }"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada", "bo", "cy"])
    try await site.sql("INSERT INTO users VALUES (4, NULL, 'x', 'N', 'active')")
    try await site.rollcall("sync")
    try await site.sql("DELETE FROM users WHERE id = 1; UPDATE users SET email = 'new@x' WHERE id = 2")
    try await site.rollcall("sync", "1")
    try await site.sql(
      "UPDATE users SET username = 'dee' WHERE id = 3; INSERT INTO users VALUES (5, 'eve', 'x', 'E', 'active')")
    let before = try await Self.everything(site)
    for key in ["1", "2", "3", "4", "5", "9"] { try await site.rollcall("explain", key) }
    try await site.rollcall("explain", "--dn", "uid=cy,\(site.base)")
    try await site.rollcall("explain", "--find", "(mail=new@x)")
    #expect(try await Self.everything(site) == before)
  }

  /// All rows of the ledger, and all entries with the times of their changes.
  private static func everything(_ site: Site) async throws -> String {
    let rows = try await site.sql(
      """
      SELECT string_agg(c.relname || query_to_xml(format('SELECT xmin, t.* FROM rollcall.%I AS t ORDER BY t::text', c.relname),
        true, true, '')::text, E'\\n' ORDER BY c.relname)
      FROM pg_class AS c WHERE c.relnamespace = 'rollcall'::regnamespace AND c.relkind = 'r' AND c.relnatts > 1
      """)
    return rows + (try await site.directory.search(base: site.base, filter: "(objectClass=*)", attributes: ["*", "+"]))
  }

  @Test("G11: no password is in an explanation")
  func noSecretIsShown() async throws {
    var settings = SiteSettings()
    settings.schema += "; ALTER TABLE users ADD COLUMN first_password text DEFAULT 'Tiger-1'"
    settings.source = "table: public.users\n  key: id\n  active: status = 'active' AND first_password IS NOT NULL"
    settings.users += "\n  password: first_password\n  create_only: { description: \"'Tiger-' || id\" }"
    settings.users = settings.users.replacing(
      "    mail: email", with: "    mail: email\n    roomNumber: \"'Lion-' || username\"")
    settings.more = "journal: { hide: [roomNumber] }"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.sql("INSERT INTO users VALUES (1, 'ada', 'a@x', 'Ada', 'active')")
    let alone = try await site.rollcall("explain", "1")
    let json = try await site.rollcall("explain", "1", "--json")
    #expect(alone.output.contains("password: ***\n") && alone.output.contains("create_only.description: ***\n"))
    #expect(alone.output.contains("status = active"))
    #expect(alone.output.contains("roomNumber: ***\n"))
    for words in [alone.words, json.words] { #expect(!words.contains("Tiger-") && !words.contains("Lion-")) }
  }
}
