import Sandbox
import Testing

/// What the triggers log, for every kind of write.
@Suite struct CaptureTests {
  static let users = "CREATE TABLE users (id int PRIMARY KEY, name text, mail text, extra json)"

  static func watched(_ columns: String = "") async throws -> Database {
    let database = try await Database.make()
    try await database.sql("\(users); SELECT rollcall.watch('public.users', 'id'\(columns))")
    return database
  }

  @Test(arguments: [
    ("INSERT INTO users VALUES (1, 'a'), (2, 'b')", ["1", "2"]),
    ("INSERT INTO users SELECT 1, 'a' WHERE false", []),
    ("INSERT INTO users VALUES (1, 'a'); UPDATE users SET name = 'b'", ["1", "1"]),
    ("INSERT INTO users VALUES (1, 'a'); UPDATE users SET name = 'a'", ["1"]),
    (
      "INSERT INTO users VALUES (1, 'a'); UPDATE users SET name = NULL; UPDATE users SET name = NULL",
      ["1", "1"]
    ),
    (
      "INSERT INTO users VALUES (1, 'a'); UPDATE users SET extra = '{}'; UPDATE users SET extra = '{}'",
      ["1", "1"]
    ),
    ("INSERT INTO users VALUES (1, 'a'); DELETE FROM users", ["1", "1"]),
    ("INSERT INTO users VALUES (1, 'a'); UPDATE users SET id = 9", ["1", "1", "9"]),
    ("INSERT INTO users VALUES (1, 'a') ON CONFLICT DO NOTHING", ["1"]),
    (
      "INSERT INTO users VALUES (1, 'a'); INSERT INTO users VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
      ["1", "1"]
    ),
    ("BEGIN; INSERT INTO users VALUES (1, 'a'); ROLLBACK", []),
    (
      "BEGIN; INSERT INTO users VALUES (1, 'a'); SAVEPOINT s; INSERT INTO users VALUES (2, 'b'); ROLLBACK TO s; COMMIT",
      ["1"]
    ),
    ("COPY users (id, name) FROM stdin;\n1\ta\n2\tb\n\\.\n", ["1", "2"]),
    (
      "MERGE INTO users u USING (VALUES (1)) v(id) ON u.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'm')",
      ["1"]
    ),
    ("TRUNCATE users", ["*"]), ("BEGIN; TRUNCATE users; TRUNCATE users; COMMIT; TRUNCATE users", ["*", "*"]),
    ("SET rollcall.notify = off; INSERT INTO users VALUES (1, 'a')", ["1"]),
    ("SET session_replication_role = replica; INSERT INTO users VALUES (1, 'a')", ["1"]),
  ])
  func aWriteLogsItsKeys(script: String, keys: [String]) async throws {
    let database = try await CaptureTests.watched()
    try await database.sql(script)
    #expect(try await database.logged().sorted() == keys.sorted())
  }

  @Test func onlyWatchedColumnsCount() async throws {
    let database = try await CaptureTests.watched(", '{name}'")
    try await database.sql("INSERT INTO users VALUES (1, 'a')")
    #expect(try await database.logged() == ["1"])
    try await database.sql("UPDATE users SET mail = 'x'")
    #expect(try await database.logged() == [])
    #expect(try await database.payloads(of: "UPDATE users SET mail = 'y'") == [])
    try await database.sql("UPDATE users SET name = 'b', mail = 'z'")
    #expect(try await database.logged() == ["1"])
    // Watching again replaces the columns.
    try await database.sql("SELECT rollcall.watch('public.users', 'id', '{mail}')")
    try await database.sql("UPDATE users SET name = 'c'")
    #expect(try await database.logged() == [])
    try await database.sql("SELECT rollcall.unwatch('public.users')")
    try await database.sql("UPDATE users SET mail = 'w'; TRUNCATE users")
    #expect(try await database.logged() == [])
  }

  @Test(arguments: [
    ("uuid", "'6f0cdb1e-2f33-4f4a-9f44-0a6a3a2b3c4d'", "6f0cdb1e-2f33-4f4a-9f44-0a6a3a2b3c4d"),
    ("text", "'it''s \"quoted\" \\ here'", "it's \"quoted\" \\ here"),
    ("bigint", "9007199254740993", "9007199254740993"),
    ("varchar(20)", "'日本'", "日本"), ("smallint", "7", "7"),
  ])
  func anyTypeOfKeyAndAnyName(type: String, literal: String, key: String) async throws {
    let database = try await Database.make()
    try await database.sql(
      #"""
      CREATE SCHEMA "HR"; CREATE TABLE "HR"."User ""Accounts""" ("The Id" \#(type) PRIMARY KEY, "Full Name" text);
      SELECT rollcall.watch('"HR"."User ""Accounts"""', 'The Id', '{"Full Name"}');
      INSERT INTO "HR"."User ""Accounts""" VALUES (\#(literal), 'x');
      UPDATE "HR"."User ""Accounts""" SET "Full Name" = 'y';
      """#)
    #expect(try await database.logged() == [key, key])
  }

  @Test func aSecondTableNamesThePersonAndNullIsNobody() async throws {
    let database = try await CaptureTests.watched()
    try await database.sql(
      """
      CREATE TABLE roles (user_id int, role text); SELECT rollcall.watch('roles', 'user_id');
      INSERT INTO roles VALUES (5, 'admin'), (NULL, 'nobody');
      UPDATE roles SET user_id = 6 WHERE user_id = 5;
      """)
    #expect(try await database.logged().sorted() == ["5", "5", "6"])
  }

  @Test func aPartitionedTableIsCapturedByItsPartitionsToo() async throws {
    let database = try await Database.make()
    try await database.sql(
      """
      CREATE TABLE people (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
      CREATE TABLE people_low PARTITION OF people FOR VALUES FROM (0) TO (100);
      CREATE TABLE people_high PARTITION OF people FOR VALUES FROM (100) TO (200);
      SELECT rollcall.watch('people', 'id');
      INSERT INTO people VALUES (1, 'a'); INSERT INTO people_high VALUES (150, 'b');
      UPDATE people_low SET name = 'c'; UPDATE people SET id = 160 WHERE id = 1;
      """)
    let keys = try await database.logged()
    #expect(Set(keys) == ["1", "150", "160"] && keys.filter { $0 == "1" }.count >= 3)
  }

  @Test("G9: a column that is dropped does not stop writers") func aColumnThatIsDroppedDoesNotStopWriters() async throws
  {
    let database = try await CaptureTests.watched(", '{name,mail}'")
    try await database.sql(
      "ALTER TABLE users DROP COLUMN mail CASCADE; INSERT INTO users (id, name) VALUES (1, 'a')")
    try await database.sql("UPDATE users SET name = 'b'")
    #expect(try await database.logged() == ["1", "1"])
  }
}
