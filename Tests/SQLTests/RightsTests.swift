import Sandbox
import Testing

/// Who may do what, and that nothing is left behind.
@Suite struct RightsTests {
  /// A database with the table watched, and a role with the rights of `grants.sql`.
  private func granted() async throws -> (Database, role: String) {
    let database = try await CaptureTests.watched()
    let role = "daemon_\(database.name)"
    try await database.sql("CREATE ROLE \(role) LOGIN")
    try await database.script("grants.sql", variables: ["role": role])
    return (database, role)
  }

  private func refused(_ database: Database, _ sql: String, as role: String) async -> Bool {
    do {
      try await database.sql(sql, as: role)
      return false
    } catch {
      return "\(error)".contains("permission denied") || "\(error)".contains("must be owner")
    }
  }

  @Test func theDaemonsRoleReadsPeopleAndKeepsItsStateNoMore() async throws {
    let (database, role) = try await granted()
    try await database.sql("INSERT INTO users VALUES (1, 'a')")
    #expect(try await database.sql("SELECT count(*) FROM users, rollcall.change", as: role) == "1")
    try await database.sql(
      "INSERT INTO rollcall.directory (name) VALUES ('main'); SELECT rollcall.prune()", as: role)
    for sql in [
      "INSERT INTO users VALUES (2, 'b')", "UPDATE users SET name = 'x'", "DELETE FROM users",
      "TRUNCATE users",
      "INSERT INTO rollcall.change (key) VALUES ('9')", "DELETE FROM rollcall.change",
      "DROP TABLE rollcall.change",
      "SELECT rollcall.watch('users', 'id')", "ALTER TABLE users DISABLE TRIGGER USER",
      "CREATE TABLE rollcall.mine (a int)",
    ] {
      #expect(await refused(database, sql, as: role), "\(sql)")
    }
  }

  @Test func nobodyElseMayLookOrCall() async throws {
    let (database, _) = try await granted()
    try await database.sql("CREATE ROLE stranger_\(database.name) LOGIN")
    for sql in [
      "SELECT * FROM rollcall.change", "SELECT * FROM rollcall.parked", "SELECT rollcall.prune()",
      "SELECT rollcall.watch('users', 'id')",
    ] {
      #expect(await refused(database, sql, as: "stranger_\(database.name)"), "\(sql)")
    }
  }

  @Test func aTablesOwnerWithoutOtherRightsCanWrite() async throws {
    let database = try await Database.make()
    let owner = "hr_\(database.name)"
    try await database.sql(
      """
      CREATE ROLE \(owner) LOGIN; CREATE SCHEMA hr AUTHORIZATION \(owner); SET ROLE \(owner);
      CREATE TABLE hr.users (id int PRIMARY KEY, name text); RESET ROLE;
      SELECT rollcall.watch('hr.users', 'id');
      """)
    try await database.sql(
      "INSERT INTO hr.users VALUES (1, 'a'); UPDATE hr.users SET name = 'b'; DELETE FROM hr.users", as: owner)
    #expect(try await database.logged() == ["1", "1", "1"])
    #expect(await refused(database, "SELECT * FROM rollcall.change", as: owner))
  }

  @Test func aTriggerIsNotFooledByAnAttackersObjects() async throws {
    let database = try await CaptureTests.watched()
    // Functions and operators of these names would run as the log's owner if the search path were not fixed.
    try await database.sql(
      """
      CREATE SCHEMA evil;
      CREATE FUNCTION evil.pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'caught'; END $$;
      CREATE FUNCTION evil.format(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'caught'; END $$;
      SET search_path = evil, pg_catalog, public;
      INSERT INTO public.users VALUES (1, 'a'); UPDATE public.users SET name = 'b'; TRUNCATE public.users;
      """)
    #expect(try await database.logged() == ["1", "1", "*"])
  }

  @Test func installingAgainKeepsWhatIsThere() async throws {
    let (database, role) = try await granted()
    try await database.sql(
      "INSERT INTO users VALUES (1, 'a'); INSERT INTO rollcall.directory (name) VALUES ('main')")
    try await database.install()
    try await database.install()
    #expect(try await database.sql("SELECT count(*) FROM rollcall.directory", as: role) == "1")
    try await database.sql("UPDATE users SET name = 'b'")
    #expect(try await database.logged() == ["1", "1"])
  }

  @Test func uninstallingLeavesNothing() async throws {
    let database = try await Database.make(installed: false)
    let count = "SELECT count(*) FROM pg_class WHERE relnamespace > 16383 OR relname ~ 'rollcall'"
    let functions = "SELECT count(*) FROM pg_proc WHERE oid > 16383"
    try await database.sql(CaptureTests.users)
    let before = [try await database.sql(count), try await database.sql(functions)]
    try await database.install()
    try await database.sql("SELECT rollcall.watch('public.users', 'id'); INSERT INTO users VALUES (1, 'a')")
    try await database.script("uninstall.sql")
    #expect([try await database.sql(count), try await database.sql(functions)] == before)
    #expect(try await database.sql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == "0")
    #expect(try await database.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'rollcall'") == "0")
    try await database.sql("UPDATE users SET name = 'b'")
  }

  @Test(arguments: [
    ("SELECT rollcall.watch('public.users', 'nothing')", "nothing"),
    ("SELECT rollcall.watch('public.users', 'id', '{nothing}')", "nothing"),
    ("SELECT rollcall.watch('public.absent', 'id')", "absent"),
    ("CREATE VIEW v AS SELECT * FROM users; SELECT rollcall.watch('v', 'id')", "v"),
  ])
  func aWrongWatchSaysWhatIsWrong(sql: String, name: String) async throws {
    let database = try await CaptureTests.watched()
    do {
      try await database.sql(sql)
      Issue.record("it was accepted")
    } catch {
      #expect("\(error)".contains(name))
    }
  }

  @Test("what others made that depends on the schema is named, and goes only if they may")
  func uninstallingSparesStrangers() async throws {
    let database = try await CaptureTests.watched()
    try await database.sql(
      """
      CREATE VIEW ours AS SELECT * FROM rollcall.watched; CREATE TABLE mine (a int, d rollcall.directory);
      CREATE TABLE two (s bigint DEFAULT pg_sequence_last_value('rollcall.ring'::regclass));
      CREATE FUNCTION three() RETURNS rollcall.parked LANGUAGE sql AS 'SELECT NULL::rollcall.parked';
      """)
    do {
      try await database.script("uninstall.sql")
      Issue.record("it was dropped")
    } catch {
      for name in ["view public.ours", "column d of table public.mine", "three()", "for column s of table public.two"] {
        #expect("\(error)".contains(name), "\(error)")
      }
    }
    try await database.sql("INSERT INTO users VALUES (1, 'a')")
    #expect(try await database.logged() == ["1"])
    try await database.sql("ALTER DATABASE \(database.name) SET rollcall.cascade = 'on'")
    try await database.script("uninstall.sql")
    #expect(try await database.sql("SELECT to_regclass('ours') IS NULL, count(*) FROM mine") == "t|0")
  }
}
