import Testing

/// What a role may do that may only read, and ask the daemon: `rollcall.ask`, `act` and `hear`.
@Suite struct AskingTests {
  /// A database with a directory `main`, a viewer, an operator and somebody else who may ask.
  private struct Page {
    let database: Database
    var viewer: String { "viewer_\(database.name)" }
    var operatorRole: String { "operator_\(database.name)" }
    var other: String { "other_\(database.name)" }

    init() async throws {
      database = try await Database.make()
      try await database.sql(
        """
        CREATE ROLE \(viewer) LOGIN; CREATE ROLE \(operatorRole) LOGIN; CREATE ROLE \(other) LOGIN;
        INSERT INTO rollcall.directory (name) VALUES ('main')
        """)
      try await database.script("grants.sql", variables: ["viewer": viewer])
      try await database.script("grants.sql", variables: ["viewer": other])
      try await database.script("grants.sql", variables: ["operator": operatorRole])
    }

    @discardableResult
    func ask(_ key: String = "17", as role: String? = nil) async throws -> String {
      try await database.sql("SELECT rollcall.ask('main', 'person', ARRAY['\(key)'])", as: role ?? viewer)
    }

    /// Answers as the daemon does.
    func answer(_ number: String, _ json: String) async throws {
      try await database.sql(
        """
        INSERT INTO rollcall.answer (request, answer) VALUES (\(number), '\(json)');
        UPDATE rollcall.request SET done = now(), argument = NULL WHERE id = \(number)
        """)
    }

    func error(_ sql: String, as role: String) async -> String {
      do { return "it was done: \(try await database.sql(sql, as: role))" } catch { return "\(error)" }
    }
  }

  @Test("a question becomes a request of checked parts, and only its asker hears the answer, once")
  func askedAndHeard() async throws {
    let page = try await Page()
    let number = try await page.ask(#"1"7"#)
    #expect(
      try await page.database.sql("SELECT kind, directory, argument, asker FROM rollcall.request")
        == #"person|main|{"subject" : ["1\"7"]}|"# + page.viewer)
    #expect(try await page.database.sql("SELECT * FROM rollcall.hear(\(number))", as: page.viewer) == "f||")
    try await page.answer(number, #"{"a":1}"#)
    for stranger in [page.other, page.operatorRole] {
      #expect(try await page.database.sql("SELECT * FROM rollcall.hear(\(number), true)", as: stranger) == "||")
    }
    #expect(
      try await page.database.sql("SELECT * FROM rollcall.hear(\(number))", as: page.viewer) == #"t||{"a":1}"#)
    #expect(try await page.database.sql("SELECT * FROM rollcall.hear(\(number))", as: page.viewer) == "||")
    #expect(
      try await page.database.sql(
        "SELECT (SELECT count(*) FROM rollcall.request), (SELECT count(*) FROM rollcall.answer)") == "0|0")
  }

  @Test("a role that may ask can neither read requests and answers, nor write any, nor act")
  func mayNotMore() async throws {
    let page = try await Page()
    try await page.ask(as: page.other)
    for sql in [
      "SELECT * FROM rollcall.request", "SELECT * FROM rollcall.answer", "SELECT * FROM rollcall.asker",
      "INSERT INTO rollcall.request (directory, kind) VALUES ('main', 'release')",
      "INSERT INTO rollcall.answer (request, answer) VALUES (1, '{}')", "DELETE FROM rollcall.request",
      "UPDATE rollcall.held SET approved = true", "DELETE FROM rollcall.pinned", "DELETE FROM rollcall.asker",
      "INSERT INTO rollcall.journal (directory, action, outcome) VALUES ('main', 'pin', 'done')",
      "SELECT rollcall.post_request('main', 'release', '{}')", "SELECT rollcall.prune()",
      "SELECT rollcall.act('main', 'pin', '{1}', 'me', 'why')",
    ] {
      #expect(await page.error(sql, as: page.viewer).contains("permission denied"), "\(sql)")
    }
    for sql in [
      "SELECT * FROM rollcall.request", "SELECT * FROM rollcall.journal", "SELECT * FROM rollcall.parked",
      "SELECT rollcall.ask('main', 'person', '{1}')", "UPDATE rollcall.held SET approved = true",
    ] {
      #expect(await page.error(sql, as: page.operatorRole).contains("permission denied"), "\(sql)")
    }
    // Without a grant, nothing.
    try await page.database.sql("CREATE ROLE auditor_\(page.database.name) LOGIN")
    try await page.database.sql("GRANT rollcall_auditor TO auditor_\(page.database.name)")
    for function in ["ask('main', 'person', '{1}')", "hear(1)", "act('main', 'pin', '{1}', 'me', 'why')"] {
      let error = await page.error("SELECT rollcall.\(function)", as: "auditor_\(page.database.name)")
      #expect(error.contains("permission denied"), "\(function): \(error)")
    }
  }

  @Test(
    "what is no question about one person of a known directory is refused",
    arguments: [
      ("ask('absent', 'person', '{1}')", "there is no such directory"),
      ("ask('main', 'release', '{1}')", "person and held can be asked about, one at a time"),
      ("ask('main', NULL, '{1}')", "person and held can be asked about, one at a time"),
      ("ask('main', 'person', '{1,2}')", "person and held can be asked about, one at a time"),
      ("ask('main', 'person', '{}')", "person and held can be asked about, one at a time"),
      ("ask('main', 'person', NULL)", "person and held can be asked about, one at a time"),
      ("ask('main', 'check', '{1}')", "person and held can be asked about, one at a time"),
      ("ask('main', 'check', NULL)", "person and held can be asked about, one at a time"),
      ("ask('main', 'held', '{}')", "person and held can be asked about, one at a time"),
      ("ask('main', 'person', '{NULL}')", "person and held can be asked about, one at a time"),
      ("ask('main', 'person', ARRAY[repeat('x', 17000)])", "longer than 16 kB"),
    ])
  func refused(call: String, words: String) async throws {
    let page = try await Page()
    #expect(await page.error("SELECT rollcall.\(call)", as: page.viewer).contains(words))
    #expect(try await page.database.sql("SELECT count(*) FROM rollcall.request") == "0")
  }

  @Test("an action names who wants it with the role, and why; what is none is refused")
  func acting() async throws {
    let page = try await Page()
    try await page.database.sql(
      "SELECT rollcall.act('main', 'pin', '{17}', 'me) (root', 'on leave', until => '2030-01-01')",
      as: page.operatorRole)
    #expect(
      try await page.database.sql(
        "SELECT kind, argument -> 'subject' ->> 'actor', argument -> 'subject' ->> 'because' FROM rollcall.request")
        == "act|me) (root (\(page.operatorRole))|on leave")
    for (arguments, words) in [
      ("'drop', '{17}', 'me', 'why'", "no such action"), ("NULL, '{17}', 'me', 'why'", "no such action"),
      ("'pin', '{NULL}', 'me', 'why'", "no such action"), ("'pin', '{17}', '', 'why'", "an actor"),
      ("'pin', '{17}', NULL, 'why'", "an actor"), ("'pin', '{17}', 'me', ''", "a reason"),
      ("'release', '{17}', 'me', NULL", "a reason"), ("'sync', '{17}', 'me', repeat('x', 1001)", "a reason"),
    ] {
      let error = await page.error("SELECT rollcall.act('main', \(arguments))", as: page.operatorRole)
      #expect(error.contains(words), "\(arguments): \(error)")
    }
  }

  @Test("eight requests of a role may be unheard, and 120 a minute asked")
  func bounded() async throws {
    let page = try await Page()
    for number in 1...8 { try await page.ask("\(number)") }
    #expect(await page.error("SELECT rollcall.ask('main', 'person', '{9}')", as: page.viewer).contains("too many"))
    // Another role is not held up.
    try await page.ask(as: page.other)
    // Nobody waits for more than a minute: then there is room again.
    try await page.database.sql("UPDATE rollcall.request SET at = now() - interval '61 seconds'")
    try await page.database.sql("INSERT INTO rollcall.answer VALUES (1, now() - interval '61 seconds', '{}')")
    try await page.ask("9")
    #expect(
      try await page.database.sql(
        "SELECT (SELECT count(*) FROM rollcall.request), (SELECT count(*) FROM rollcall.answer)") == "1|0")
    let burst = """
      DO $$ DECLARE n bigint; BEGIN FOR i IN 1..200 LOOP
        n := rollcall.ask('main', 'person', ARRAY[i::text]); PERFORM rollcall.hear(n, true); END LOOP; END $$
      """
    #expect(await page.error(burst, as: page.viewer).contains("has asked 120 times within a minute"))
    try await page.database.sql("UPDATE rollcall.asker SET since = now() - interval '61 seconds', asked = 120")
    try await page.ask("10")
    #expect(
      try await page.database.sql("SELECT asked FROM rollcall.asker WHERE name = '\(page.viewer)'") == "1")
  }

  @Test("rare rows of the journal, and those of a transaction, are found by an index")
  func journal() async throws {
    let database = try await Database.make()
    try await database.sql(
      """
      INSERT INTO rollcall.journal (directory, key, action, outcome, xid, others)
      SELECT 'main', i::text, CASE WHEN i % 1000 = 0 THEN 'pin' ELSE 'update' END, 'done', (1000 + i)::text::xid8,
        CASE WHEN i % 1000 = 1 THEN ARRAY['999'::xid8] END
      FROM generate_series(1, 50000) AS i;
      ANALYZE rollcall.journal
      """)
    func plan(_ condition: String) async throws -> String {
      try await database.sql(
        "EXPLAIN SELECT * FROM rollcall.journal WHERE directory = 'main' AND \(condition) ORDER BY id DESC LIMIT 200")
    }
    for action in ["pin", "undo"] {
      #expect(try await plan("action = ANY ('{\(action)}'::text[])").contains("journal_rare"))
    }
    // As `HistoryFilter` asks.
    let found = try await plan("(xid::text::bigint = 20000 OR others IS NOT NULL AND '20000' = ANY (others))")
    #expect(found.contains("journal_range") && found.contains("journal_others"), "\(found)")
  }

  @Test("what a caller has put into its session is not called in place of PostgreSQL's own")
  func callersObjects() async throws {
    let page = try await Page()
    let trap = """
      CREATE FUNCTION pg_temp.json_build_object(VARIADIC "any") RETURNS json LANGUAGE internal AS 'json_build_object';
      CREATE FUNCTION pg_temp.pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'caught'; END $$;
      CREATE TEMP TABLE request (id int); SET search_path = pg_temp, pg_catalog;
      SELECT rollcall.ask('main', 'person', '{1}');
      """.split(separator: "\n").dropFirst().joined(separator: "\n")
    let said = await page.error(trap, as: page.viewer)
    #expect(!said.contains("caught") && said.hasPrefix("it was done"), "\(said)")
  }
}
