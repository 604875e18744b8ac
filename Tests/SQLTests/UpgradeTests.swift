import Testing

/// What version 1 has written is there after the upgrade.
@Suite struct UpgradeTests {
  /// A database of version 1 with some rows, upgraded.
  private func upgraded(_ rows: String) async throws -> Database {
    let database = try await Database.make(installed: false)
    try await database.script("../Tests/Schemas/version-1.sql")
    try await database.sql(rows)
    try await database.install()
    return database
  }

  @Test func whatIsHeldIsKnownByActionAndSubject() async throws {
    let database = try await upgraded(
      """
      INSERT INTO rollcall.held (directory, key, action, dn, since, approved)
      VALUES ('main', '7', 'delete', 'uid=a', '2026-01-01Z', true), ('main', '8', 'disable', 'uid=b', now(), false);
      INSERT INTO rollcall.directory (name, fingerprint, watermark, last_reconcile)
      VALUES ('well', 'f1', '700:700:', now()), ('cut', 'f2', NULL, now())
      """)
    #expect(
      try await database.sql(
        "SELECT subject, action, dn, extract(year FROM since), approved FROM rollcall.held ORDER BY subject")
        == "7|delete|uid=a|2026|t\n8|disable|uid=b|2026|f")
    try await database.sql(
      "INSERT INTO rollcall.held (directory, subject, action, dn) VALUES ('main', '7', 'takeover', 'uid=a')")
    #expect(
      try await database.sql("SELECT name, compared FROM rollcall.directory ORDER BY name") == "cut|\nwell|f1",
      "whose comparison was under way is compared before anybody is removed")
    // Again, as an upgrade that was cut off is done again.
    try await database.install()
    #expect(try await database.sql("SELECT count(*) FROM rollcall.held") == "3")
  }

  @Test func whoMayParkMaySayWhatIsWrong() async throws {
    let role = "daemon_of_upgrade"
    let database = try await upgraded("CREATE ROLE \(role); GRANT INSERT ON rollcall.parked TO \(role)")
    #expect(
      try await database.sql(
        "SELECT has_table_privilege('\(role)', 'rollcall.problem', 'SELECT, INSERT, UPDATE, DELETE')") == "t")
  }

  @Test("an older version with data in every table becomes the newest, and nothing of it is lost", arguments: [2, 3])
  func fromVersion(_ version: Int) async throws {
    let database = try await Database.make(installed: false)
    try await database.script("../Tests/Schemas/version-\(version).sql")
    let role = "daemon_of_\(database.name)"
    try await database.sql("CREATE ROLE \(role)")
    try await database.script("../Tests/Schemas/version-\(version)-grants.sql", variables: ["role": role])
    try await database.sql(
      """
      INSERT INTO rollcall.directory (name, watermark) VALUES ('main', '700:700:');
      INSERT INTO rollcall.parked (directory, key, reason) VALUES ('main', '1', 'schema');
      INSERT INTO rollcall.held (directory, action, subject) VALUES ('main', 'delete', '2');
      INSERT INTO rollcall.removal (directory, key) VALUES ('main', '3');
      INSERT INTO rollcall.leaving (directory, key, group_id) VALUES ('main', '3', 'a');
      INSERT INTO rollcall.disabled (directory, key) VALUES ('main', '4');
      INSERT INTO rollcall.renaming (directory, key, old_dn) VALUES ('main', '5', 'uid=a');
      INSERT INTO rollcall.temporary_name (directory, key, old_dn, dn) VALUES ('main', '5', 'uid=a', 'uid=b');
      INSERT INTO rollcall.managed_group (directory, dn) VALUES ('main', 'cn=g');
      INSERT INTO rollcall.problem (directory, code, message) VALUES ('main', 'lock', 'x');
      INSERT INTO rollcall.server (directory, url, seen) VALUES ('main', 'ldap://a', now());
      INSERT INTO rollcall.confirmed (directory, number, keys) VALUES ('main', 1, '{1}');
      INSERT INTO rollcall.entry (directory, key, entry_id) VALUES ('main', '6', 'x');
      INSERT INTO rollcall.making (directory, keys, names) VALUES ('main', '{7}', '{uid=c}');
      INSERT INTO rollcall.request (directory, kind) VALUES ('main', 'look');
      INSERT INTO rollcall.bell (directory, armed, until) VALUES ('main', true, now() + interval '1 hour');
      \(CaptureTests.users); SELECT rollcall.watch('users', 'id'); INSERT INTO users (id, name) VALUES (1, 'ada');
      \(version < 3 ? "" : Self.rowsOfThree)
      """)
    let older = Self.older + (version < 3 ? [] : Self.ofThree)
    let counts = "SELECT \(older.map { "(SELECT count(*) FROM rollcall.\($0))" }.joined(separator: " || ' ' || "))"
    let before = try await database.sql(counts)
    #expect(!before.split(separator: " ").contains("0"), "every table holds something")
    try await database.install()
    #expect(try await database.sql(counts) == before)
    #expect(try await database.sql("SELECT version FROM rollcall.version") == "4")
    #expect(
      try await database.sql(
        """
        SELECT has_table_privilege('\(role)', 'rollcall.journal', 'INSERT'),
          has_table_privilege('\(role)', 'rollcall.journal', 'UPDATE') OR
            has_table_privilege('\(role)', 'rollcall.journal', 'DELETE'),
          has_table_privilege('\(role)', 'rollcall.pinned', 'SELECT, INSERT, UPDATE, DELETE'),
          has_table_privilege('\(role)', 'rollcall.counters', 'SELECT, INSERT, UPDATE, DELETE'),
          has_table_privilege('\(role)', 'rollcall.minute', 'SELECT, INSERT, UPDATE, DELETE'),
          has_table_privilege('\(role)', 'rollcall.leaver', 'SELECT, INSERT, UPDATE, DELETE'),
          has_table_privilege('\(role)', 'rollcall.reference', 'SELECT, INSERT, UPDATE, DELETE'),
          has_table_privilege('\(role)', 'rollcall.coming', 'SELECT'),
          has_table_privilege('\(role)', 'rollcall.password', 'SELECT, INSERT, UPDATE, DELETE'),
          has_table_privilege('\(role)', 'rollcall.password_key', 'SELECT, INSERT, UPDATE, DELETE')
        """) == "t|f|t|t|t|t|t|t|t|t")
    try await database.sql("INSERT INTO users (id, name) VALUES (2, 'bob')")
    #expect(try await database.sql("SELECT count(*) FROM rollcall.change") == "2", "the triggers are at work")
  }

  /// The tables of version 2.
  private static let older = [
    "bell", "change", "confirmed", "directory", "disabled", "entry", "held", "leaving", "log_limit", "making",
    "managed_group", "parked", "problem", "removal", "renaming", "request", "server", "temporary_name", "version",
  ]

  /// Those that version 3 has added, and a row for each.
  private static let ofThree = ["answer", "follower", "follower_parked", "journal", "pinned"]
  private static let rowsOfThree = """
    INSERT INTO rollcall.journal (directory, key, action, outcome) VALUES ('main', '1', 'create', 'done');
    INSERT INTO rollcall.pinned (directory, key, because, actor) VALUES ('main', '1', 'case 4711', 'eve');
    INSERT INTO rollcall.follower (directory, name, position) VALUES ('main', 'audit', '700:700:');
    INSERT INTO rollcall.follower_parked (directory, name, key, first, attempts) VALUES ('main', 'audit', '1', 1, 1);
    INSERT INTO rollcall.answer (request, answer) VALUES (1, '{}')
    """
}
