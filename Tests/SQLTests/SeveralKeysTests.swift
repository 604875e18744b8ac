import Sandbox
import Testing

/// A table that is watched by several columns: each has triggers of its own, and a source of its own in the log.
@Suite struct SeveralKeysTests {
  /// The key column and the key of each logged change, `*` for everyone; the log is emptied.
  private func logged(_ database: Database) async throws -> [String] {
    let text = try await database.sql(
      """
      SELECT w.key || ' ' || coalesce(c.key, '*') FROM rollcall.change c JOIN rollcall.watched w ON w.id = c.source::oid
      ORDER BY c.seq; TRUNCATE rollcall.change
      """)
    return text.isEmpty ? [] : text.split(separator: "\n").map(String.init)
  }

  private func watched(_ database: Database) async throws -> String {
    try await database.sql(
      "SELECT key, columns, problem, warning, id = source::oid FROM rollcall.watched ORDER BY id = source::oid DESC, id"
    )
  }

  @Test("both keys are logged, each with its column, and watching or unwatching one leaves the other alone")
  func twoKeys() async throws {
    let database = try await CaptureTests.watched(", '{mail}'")
    try await database.sql("SELECT rollcall.watch('users', 'name')")
    #expect(try await watched(database) == "id|{mail}|||t\nname||||f")
    try await database.sql("INSERT INTO users VALUES (1, 'a', 'x'); UPDATE users SET extra = '{}'")
    #expect(try await logged(database) == ["id 1", "name a", "name a"])
    try await database.sql("UPDATE users SET name = 'b', mail = 'y'; DELETE FROM users; TRUNCATE users")
    #expect(
      try await logged(database).sorted()
        == ["id *", "id 1", "id 1", "name *", "name a", "name b", "name b"].sorted())
    try await database.sql(
      "SELECT rollcall.watch('users', 'name', '{mail}'); SELECT rollcall.watch('users', 'id', '{}')")
    #expect(try await watched(database) == "id|{}|||t\nname|{mail}|||f")
    try await database.sql("SELECT rollcall.unwatch('users', 'id')")
    #expect(try await watched(database) == "name|{mail}|||f")
    try await database.sql("INSERT INTO users VALUES (1, 'a')")
    #expect(try await logged(database) == ["name a"])
    await #expect(throws: (any Error).self) { try await database.sql("SELECT rollcall.unwatch('users', 'mail')") }
    try await database.sql("SELECT rollcall.watch('users', 'mail'); SELECT rollcall.unwatch('users', 'name')")
    #expect(try await watched(database) == "mail||||t")
    try await database.sql("SELECT rollcall.watch('users', 'id'); SELECT rollcall.unwatch('users')")
    #expect(try await watched(database) == "")
    #expect(
      try await database.sql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = 'users'::regclass")
        == "0")
    #expect(
      try await database.sql(
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'rollcall'::regnamespace AND proname ~ '_[0-9a-f]{12}'")
        == "0")
  }

  @Test("a key column that is renamed or made anew keeps its triggers when it is watched again")
  func renamedAndMadeAnew() async throws {
    let database = try await CaptureTests.watched()
    try await database.sql(
      """
      SELECT rollcall.watch('users', 'name'); ALTER TABLE users RENAME id TO number; ALTER TABLE users RENAME name TO nick;
      INSERT INTO users VALUES (1, 'a'); SELECT rollcall.watch('users', 'nick'); SELECT rollcall.watch('users', 'number')
      """)
    #expect(try await watched(database) == "number||||t\nnick||||f")
    #expect(try await logged(database) == ["number 1", "nick a"])
    // Without its column one of them logs everyone, and the other one what it did before.
    try await database.sql("ALTER TABLE users DROP COLUMN nick; INSERT INTO users VALUES (2)")
    #expect(try await logged(database) == ["number 2", "nick *"])
    try await database.sql("ALTER TABLE users ADD COLUMN nick uuid; SELECT rollcall.watch('users', 'nick')")
    #expect(try await watched(database) == "number||||t\nnick||||f")
    let id = try await database.sql("SELECT max(id) FROM rollcall.watched WHERE id < 16384")
    #expect(id == "1")
  }

  @Test("partitions, a new one too") func partitions() async throws {
    let database = try await Database.make()
    try await database.sql(
      """
      CREATE TABLE people (id int, name text) PARTITION BY RANGE (id);
      CREATE TABLE people_low PARTITION OF people FOR VALUES FROM (0) TO (100);
      SELECT rollcall.watch('people', 'id'); SELECT rollcall.watch('people', 'name');
      CREATE TABLE people_high PARTITION OF people DEFAULT;
      INSERT INTO people VALUES (1, 'a'), (150, 'b'); UPDATE people_high SET name = 'c'; TRUNCATE people_low
      """)
    #expect(
      try await logged(database).sorted()
        == ["id *", "id 1", "id 150", "id 150", "name *", "name a", "name b", "name b", "name c"])
    #expect(
      try await database.sql("SELECT count(*) FROM rollcall.watched WHERE problem IS NULL AND warning ~ 'people_high'")
        == "2")
    try await database.sql("SELECT rollcall.watch('people', 'name')")
    #expect(try await database.sql("SELECT key FROM rollcall.watched WHERE warning IS NULL") == "name")
    try await database.sql("SELECT rollcall.unwatch('people', 'name'); INSERT INTO people VALUES (2, 'd')")
    #expect(try await logged(database) == ["id 2"])
  }

  @Test("installing again keeps both and their sources; uninstalling leaves nothing of them")
  func installingAgain() async throws {
    let database = try await CaptureTests.watched()
    try await database.sql("SELECT rollcall.watch('users', 'name')")
    let before = try await database.sql("SELECT key, id FROM rollcall.watched ORDER BY id")
    // A text that is another one than today's is made anew.
    try await database.sql(
      """
      DO $$ DECLARE f text; BEGIN
        FOR f IN SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'rollcall'::regnamespace
                 AND proname ~ '^(inserted|updated|deleted|truncated).*_[0-9a-f]{12}' LOOP
          EXECUTE replace(f, 'RETURN NULL;', 'RETURN NULL; -- older');
        END LOOP;
      END $$
      """)
    try await database.install()
    #expect(try await database.sql("SELECT count(*) FROM pg_proc WHERE prosrc ~ 'older$'") == "0")
    #expect(try await database.sql("SELECT count(*) FROM pg_proc WHERE prosrc ~ '-- older'") == "0")
    #expect(try await database.sql("SELECT key, id FROM rollcall.watched ORDER BY id") == before)
    #expect(try await watched(database) == "id||||t\nname||||f")
    try await database.sql("INSERT INTO users VALUES (1, 'a'); TRUNCATE users")
    #expect(try await logged(database).sorted() == ["id *", "id 1", "name *", "name a"])
    try await database.script("uninstall.sql")
    #expect(try await database.sql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == "0")
    try await database.sql("INSERT INTO users VALUES (1, 'a')")
  }

  @Test("a notification names the source of its keys") func notification() async throws {
    let database = try await CaptureTests.watched()
    try await database.sql("SELECT rollcall.watch('users', 'name')")
    let id = try await database.sql("SELECT 'users'::regclass::oid")
    let heard = try await database.payloads(of: "INSERT INTO users VALUES (1, 'a')")
    #expect(heard.contains { $0.hasSuffix("\"keys\":[\"1\"],\"source\":\(id)}") })
    #expect(heard.contains { $0.hasSuffix("\"keys\":[\"a\"],\"source\":1}") } && heard.count == 2)
  }
}
