import Sandbox
import Testing

/// A database of version 1 is upgraded in place: its triggers stay, their functions are others.
@Suite struct TriggerUpgradeTests {
  private func version1(_ sql: String) async throws -> Database {
    let database = try await Database.make(installed: false)
    try await database.script("../Tests/Schemas/version-1.sql")
    try await database.sql(sql)
    return database
  }

  private static let triggers = """
    SELECT t.oid, tgfoid, tgname FROM pg_trigger t WHERE NOT tgisinternal AND tgrelid > 16383
      AND tgrelid NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace) ORDER BY 1
    """
  private static let owners = """
    SELECT string_agg(DISTINCT proowner::regrole::text, ' ') FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
    WHERE NOT tgisinternal AND tgrelid NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace)
    """

  @Test func triggersStayAndWhatTheyWatchToo() async throws {
    let database = try await version1(
      """
      \(CaptureTests.users); SELECT rollcall.watch('users', 'id', '{name,extra}');
      CREATE TABLE roles (role text, user_id uuid); SELECT rollcall.watch('roles', 'user_id');
      CREATE TABLE people (id date, name text) PARTITION BY RANGE (id);
      CREATE TABLE people_low PARTITION OF people DEFAULT; SELECT rollcall.watch('people', 'id', '{name}');
      CREATE TYPE kind AS ENUM ('k'); CREATE TABLE kinds (id kind, n int); SELECT rollcall.watch('kinds', 'id', '{}');
      INSERT INTO users VALUES (1, 'a'); INSERT INTO rollcall.directory (name) VALUES ('main');
      """)
    let triggers = try await database.sql(Self.triggers)
    let watched = try await database.sql("SELECT source, key, columns FROM rollcall.watched ORDER BY 1")
    try await database.install()
    #expect(try await database.sql(Self.triggers) == triggers)
    #expect(try await database.sql("SELECT source, key, columns FROM rollcall.watched ORDER BY 1") == watched)
    #expect(try await database.sql("SELECT count(*) FROM rollcall.watched WHERE problem IS NOT NULL") == "0")
    #expect(try await database.sql(Self.owners) == "rollcall_writer")
    #expect(try await database.logged() == ["1"])
    #expect(try await database.sql("SELECT name FROM rollcall.directory") == "main")
    try await database.sql(
      """
      UPDATE users SET mail = 'x'; UPDATE users SET name = 'b'; UPDATE users SET id = 2; DELETE FROM users;
      INSERT INTO roles VALUES ('x', '6f0cdb1e-2f33-4f4a-9f44-0a6a3a2b3c4d'); UPDATE roles SET role = 'y';
      SET datestyle = 'SQL, DMY'; INSERT INTO people VALUES ('2026-02-01', 'a'); UPDATE people_low SET name = 'b';
      INSERT INTO kinds VALUES ('k', 1); UPDATE kinds SET n = 2; TRUNCATE kinds;
      """)
    let uuid = "6f0cdb1e-2f33-4f4a-9f44-0a6a3a2b3c4d"
    #expect(
      try await database.logged() == ["1", "1", "2", "2", uuid, uuid, "2026-02-01", "2026-02-01", "k", "*"])
  }

  @Test("a column that was renamed, dropped or given another type before the upgrade")
  func tablesThatHaveChanged() async throws {
    let database = try await version1(
      """
      CREATE TABLE a (id int, name text); CREATE TABLE b (id int, name text); CREATE TABLE c (id int, name text);
      CREATE TABLE d (id int, name text);
      SELECT rollcall.watch(t, 'id', '{name}') FROM unnest('{a,b,c,d}'::regclass[]) t;
      ALTER TABLE a RENAME id TO number; ALTER TABLE b DROP COLUMN id; ALTER TABLE c ALTER id TYPE text;
      ALTER TABLE d DROP COLUMN name;
      """)
    try await database.install()
    #expect(try await database.sql(Self.owners) == "rollcall_writer")
    try await database.sql(
      """
      INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES ('a'); INSERT INTO c VALUES ('x', 'a'); INSERT INTO d VALUES (4);
      UPDATE a SET name = 'b'; UPDATE b SET name = 'b'; UPDATE c SET name = 'b'; UPDATE d SET id = 5;
      """)
    #expect(try await database.logged() == ["1", "*", "x", "4", "1", "*", "x", "4", "5"])
  }

  @Test("a trigger whose argument a table's owner has made up changes nobody else's capture")
  func madeUpArguments() async throws {
    let database = try await version1("\(CaptureTests.users); SELECT rollcall.watch('users', 'id', '{name}')")
    try await database.sql(
      #"""
      CREATE TABLE others (id int, mail text);
      DO $do$ DECLARE f oid := (SELECT tgfoid FROM pg_trigger WHERE tgrelid = 'users'::regclass AND tgname = 'rollcall_update');
        argument text;
      BEGIN
        FOREACH argument IN ARRAY ARRAY['{"key" : "mail", "columns" : []}', '{"key" : "id", "columns" : []}', 'not json', '{"key" : "\ud800", "columns" : null}'] LOOP
          EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON others FOR EACH ROW EXECUTE FUNCTION %s(%L)', 'a' || md5(argument),
            f::regproc, argument);
        END LOOP;
        EXECUTE format('CREATE TRIGGER two AFTER UPDATE ON others FOR EACH ROW EXECUTE FUNCTION %s(1, 2)', f::regproc);
      END $do$;
      """#)
    try await database.install()
    try await database.install()
    try await database.sql(
      """
      INSERT INTO users VALUES (1, 'a');
      UPDATE users SET name = 'b';
      UPDATE users SET mail = 'x'
      """)
    #expect(try await database.logged() == ["1", "1"])
    #expect(
      try await database.sql(
        """
        SELECT key, columns, problem FROM rollcall.watched WHERE source = 'users'::regclass
        """) == "id|{name}|")
  }

  @Test("G2, G9: writers at work during the upgrade: each change is logged, none fails")
  func writersAtWork() async throws {
    let database = try await version1(
      """
      \(CaptureTests.users); SELECT rollcall.watch('users', 'id', '{name}');
      INSERT INTO rollcall.bell VALUES ('main', true, 'infinity');
      """)
    // Each statement is a transaction; the table is full when the last writer is done.
    let writers = (0..<3).map { writer in
      let script = (0..<1500).map { n in
        let key = writer * 10_000 + n
        return "INSERT INTO users (id, name) VALUES (\(key), 'a'); UPDATE users SET name = 'b' WHERE id = \(key);"
      }.joined(separator: "\n")
      return Task { try await database.sql(script) }
    }
    var upgrades = 0
    repeat {
      if try await database.sql("SELECT count(*) > 300 FROM users") == "t" {
        try await database.install()
        upgrades += 1
      }
    } while try await database.sql("SELECT count(*) < 4500 FROM users") == "t"
    for writer in writers { _ = try await writer.value }
    #expect(upgrades > 0)
    #expect(
      try await database.sql("SELECT count(*), count(DISTINCT key) FROM rollcall.change") == "9000|4500")
    #expect(try await database.sql(Self.owners) == "rollcall_writer")
  }

  @Test func rightsThatWereGrantedAreKept() async throws {
    let database = try await version1("\(CaptureTests.users); SELECT rollcall.watch('users', 'id')")
    let (daemon, hr) = ("daemon_\(database.name)", "hr_\(database.name)")
    try await database.sql("CREATE ROLE \(daemon) LOGIN; CREATE ROLE \(hr) LOGIN; ALTER TABLE users OWNER TO \(hr)")
    try await database.script("../Tests/Schemas/version-1-grants.sql", variables: ["role": daemon])
    try await database.sql(
      """
      GRANT USAGE ON SCHEMA rollcall TO \(hr);
      GRANT EXECUTE ON FUNCTION rollcall.watch, rollcall.unwatch, rollcall.build, rollcall.tidy, rollcall.be_patient TO \(hr);
      """)
    try await database.install()
    try await database.sql(
      "INSERT INTO rollcall.directory (name) VALUES ('main'); SELECT rollcall.prune(); TABLE rollcall.watched",
      as: daemon)
    try await database.sql(
      "SELECT rollcall.watch('users', 'id', '{name}'); INSERT INTO users VALUES (1, 'a'); SELECT rollcall.unwatch('users')",
      as: hr)
    #expect(try await database.logged() == ["1"])
  }

  @Test func aNewerSchemaIsLeftAlone() async throws {
    let database = try await Database.make()
    try await database.sql("UPDATE rollcall.version SET version = 99")
    do {
      try await database.install()
      Issue.record("it was accepted")
    } catch {
      #expect("\(error)".contains("is of version 99, newer") && "\(error)".contains("Upgrade the program"))
    }
  }
}
