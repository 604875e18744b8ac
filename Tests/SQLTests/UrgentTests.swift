import Sandbox
import Testing

/// What is marked as urgent: changes that can take somebody's access away, if they are few.
@Suite struct UrgentTests {
  /// Users whose `status` decides, with writers that are told not to notify because of the load.
  private static func watched(_ columns: String = "'{name,mail}', '{status}'") async throws -> Database {
    let database = try await Database.make()
    try await database.sql(
      """
      CREATE TABLE users (id int PRIMARY KEY, name text, mail text, status text);
      SELECT rollcall.watch('public.users', 'id', \(columns));
      INSERT INTO users SELECT n, 'a', 'm', 'active' FROM generate_series(1, 200) n;
      TRUNCATE rollcall.change;
      INSERT INTO rollcall.bell VALUES ('main', false, now());
      """)
    return database
  }

  /// The marked keys, `*` for a batch; they are removed.
  private static func marked(_ database: Database) async throws -> [String] {
    let text = try await database.sql(
      "SELECT coalesce(key, '*') FROM rollcall.urgent ORDER BY xid, key::int; TRUNCATE rollcall.urgent")
    return text.isEmpty ? [] : text.split(separator: "\n").map(String.init)
  }

  @Test("which writes are urgent")
  func writes() async throws {
    let database = try await Self.watched()
    let cases: [(sql: String, marked: [String], log: Int)] = [
      ("UPDATE users SET name = 'b', mail = NULL WHERE id = 1", [], 1),
      ("UPDATE users SET status = 'left' WHERE id = 2", ["2"], 1),
      ("UPDATE users SET status = NULL, name = 'c' WHERE id = 3", ["3"], 1),
      ("UPDATE users SET status = status WHERE id = 4", [], 0),
      ("INSERT INTO users VALUES (300, 'a', 'm', 'left')", [], 1),
      ("DELETE FROM users WHERE id IN (5, 6)", ["5", "6"], 2),
      ("DELETE FROM users WHERE false", [], 0),
      ("UPDATE users SET id = 301 WHERE id = 7", ["7"], 2),
      // Of two statements, one of which is taken back.
      (
        "BEGIN; DELETE FROM users WHERE id = 8; SAVEPOINT s; DELETE FROM users WHERE id BETWEEN 100 AND 150; "
          + "ROLLBACK TO s; UPDATE users SET status = 'left' WHERE id = 9; COMMIT", ["8", "9"], 2
      ),
      ("BEGIN; DELETE FROM users WHERE id = 10; ROLLBACK", [], 0),
      ("TRUNCATE users", [], 1),
    ]
    for (sql, marked, log) in cases {
      try await database.sql(sql)
      #expect(try await Self.marked(database) == marked, "\(sql)")
      #expect(try await database.logged().count == log, "\(sql)")
    }
  }

  @Test("more than 32 in one transaction are a batch, in however many statements")
  func batches() async throws {
    let database = try await Self.watched()
    try await database.sql("UPDATE users SET status = 'left' WHERE id <= 32")
    #expect(try await Self.marked(database).count == 32)
    try await database.sql("UPDATE users SET status = 'away'")
    // The last mark says so; of those before it nothing more is said.
    var marked = try await Self.marked(database)
    #expect(marked.count == 33 && marked.last == "*")
    try await database.sql("DELETE FROM users WHERE id <= 33")
    #expect(try await Self.marked(database) == ["*"])
    try await database.sql(
      "BEGIN; DELETE FROM users WHERE id = 34; DELETE FROM users WHERE id BETWEEN 40 AND 80; DELETE FROM users WHERE id = 90; COMMIT"
    )
    marked = try await Self.marked(database)
    #expect(marked == ["34", "*"])
    // The next transaction begins anew.
    try await database.sql("DELETE FROM users WHERE id = 91")
    #expect(try await Self.marked(database) == ["91"])
  }

  @Test("it notifies although writers are silenced because of the load, and nowhere else")
  func notifications() async throws {
    let database = try await Self.watched()
    #expect(try await database.payloads(of: "UPDATE users SET name = 'b' WHERE id = 1") == [])
    let heard = try await database.payloads(of: "UPDATE users SET status = 'left' WHERE id = 2")
    #expect(heard.count == 1 && heard[0].contains("\"keys\":[\"2\"]") && heard[0].hasSuffix("\"urgent\":true}"))
    #expect(try await database.payloads(of: "DELETE FROM users WHERE id = 3", notify: "off") == [])
    #expect(try await database.payloads(of: "DELETE FROM users WHERE id BETWEEN 10 AND 90") == [])
    // A batch that shows itself row by row says in the end that it is one.
    let batch = try await database.payloads(of: "UPDATE users SET status = 'left'")
    #expect(batch.last?.contains("\"count\":33") == true)
    // A storm of leavers does not notify without end.
    let storm = try await database.payloads(
      of: """
        DO $$ BEGIN
          FOR n IN 1..1000 LOOP UPDATE users SET status = 's' || n WHERE id = 150; COMMIT; END LOOP;
        END $$
        """)
    #expect(storm.count < 600, "\(storm.count)")
    try await database.sql("UPDATE rollcall.bell SET armed = true, until = 'infinity'")
    #expect(try await database.payloads(of: "DELETE FROM users WHERE id = 160").count == 1)
    #expect(try await Self.marked(database).last == "160")
  }

  @Test("rows of a table that decides take access away by being there")
  func decidingRows() async throws {
    let database = try await Database.make()
    try await database.sql(
      """
      CREATE TABLE blocked (person int, why text); SELECT rollcall.watch('blocked', 'person', '{why}', '{person,why}');
      CREATE TABLE parts (person int, why text) PARTITION BY RANGE (person); CREATE TABLE part PARTITION OF parts DEFAULT;
      SELECT rollcall.watch('parts', 'person', NULL, '{person}');
      INSERT INTO blocked VALUES (1, 'a'); UPDATE blocked SET why = 'b'; DELETE FROM blocked;
      INSERT INTO parts VALUES (2, 'a'); UPDATE parts SET why = 'b'; DELETE FROM part;
      """)
    #expect(try await Self.marked(database) == ["1", "1", "1", "2", "2"])
    #expect(
      try await database.sql("SELECT source, columns, urgent, problem FROM rollcall.watched ORDER BY 1")
        == "blocked|{why}|{person,why}|\nparts||{person}|")
  }

  @Test("triggers of an older install go on, their deletes are urgent, and watch() makes the rest so")
  func upgrade() async throws {
    let database = try await Database.make(installed: false)
    try await database.script("../Tests/Schemas/version-3.sql")
    try await database.sql(
      "CREATE TABLE users (id int PRIMARY KEY, status text); SELECT rollcall.watch('users', 'id', '{status}')")
    let triggers = "SELECT tgname, tgfoid FROM pg_trigger WHERE tgrelid = 'users'::regclass ORDER BY 1"
    let before = try await database.sql(triggers)
    try await database.install()
    #expect(try await database.sql(triggers) == before)
    #expect(try await database.sql("SELECT urgent IS NULL, problem IS NULL FROM rollcall.watched") == "t|t")
    try await database.sql(
      "INSERT INTO users VALUES (1, 'a'), (2, 'a'); UPDATE users SET status = 'b'; DELETE FROM users WHERE id = 1")
    #expect(try await Self.marked(database) == ["1"])
    try await database.sql(
      "SELECT rollcall.watch('users', 'id', '{status}', '{status}'); UPDATE users SET status = 'c'")
    #expect(try await Self.marked(database) == ["2"])
    // A later upgrade makes the same functions anew.
    try await database.install()
    try await database.sql("UPDATE users SET status = 'd'; ALTER TABLE users DROP status; UPDATE users SET id = 3")
    #expect(try await Self.marked(database) == ["2"])
    #expect(try await database.logged().suffix(3) == ["2", "2", "3"])
  }

  @Test("marks go with the changes, and a directory that compares everybody needs none")
  func pruning() async throws {
    let database = try await Self.watched()
    try await database.sql(
      "INSERT INTO rollcall.directory (name, watermark) SELECT 'main', pg_current_snapshot(); DELETE FROM users WHERE id = 1"
    )
    try await database.sql("SELECT rollcall.prune()")
    #expect(try await database.sql("SELECT count(*) FROM rollcall.urgent") == "1")
    try await database.sql("UPDATE rollcall.directory SET watermark = pg_current_snapshot()")
    try await database.sql("SELECT rollcall.prune()")
    #expect(try await database.sql("SELECT count(*) FROM rollcall.urgent") == "0")
    try await database.sql("DELETE FROM users WHERE id = 2; UPDATE rollcall.directory SET watermark = NULL")
    try await database.sql("SELECT rollcall.prune()")
    #expect(try await database.sql("SELECT count(*) FROM rollcall.urgent") == "0")
  }
}
