import Sandbox
import Testing

/// Who may install, and who can hinder it. Roles belong to the whole server, so each test has one of its own.
@Suite(.serialized) struct InstallingTests {
  private func server() async throws -> (Database, TemporaryFolder) {
    let folder = try TemporaryFolder()
    let postgres = try await PostgresServer.start(in: folder, durable: false)
    let database = Database(postgres: postgres, name: "hr")
    try await postgres.psql("CREATE DATABASE hr; CREATE ROLE dba LOGIN CREATEROLE; GRANT CREATE ON DATABASE hr TO dba")
    return (database, folder)
  }

  /// What a script is refused with.
  private func refusal(_ database: Database, as user: String = "postgres") async throws -> String {
    do {
      try await database.script("install.sql", as: user)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test(
    "a role with CREATEROLE and CREATE on the database installs, upgrades, grants and uninstalls; a table's owner watches",
    arguments: [false, true])
  func withoutSuperuser(upgrading: Bool) async throws {
    let (database, folder) = try await server()
    defer { _ = folder }
    try await database.sql(
      "CREATE ROLE hr LOGIN; CREATE ROLE daemon LOGIN; CREATE SCHEMA people AUTHORIZATION hr; GRANT USAGE ON SCHEMA people TO dba"
    )
    try await database.sql("CREATE TABLE people.users (id int PRIMARY KEY, name text)", as: "hr")
    let rights = """
      GRANT USAGE ON SCHEMA rollcall TO hr;
      GRANT EXECUTE ON FUNCTION rollcall.watch, rollcall.unwatch, rollcall.build, rollcall.tidy, rollcall.be_patient TO hr;
      """
    if upgrading {
      try await database.script("../Tests/Schemas/version-1.sql", as: "dba")
      try await database.sql(rights, as: "dba")
      try await database.sql("SELECT rollcall.watch('people.users', 'id', '{name}')", as: "hr")
    }
    try await database.script("install.sql", as: "dba")
    try await database.script("install.sql", as: "dba")
    if !upgrading { try await database.sql(rights, as: "dba") }
    try await database.sql("INSERT INTO people.users VALUES (1, 'a'); UPDATE people.users SET name = 'b'", as: "hr")
    #expect(try await database.logged() == (upgrading ? ["1", "1"] : []))
    try await database.sql(
      "SELECT rollcall.watch('people.users', 'id'); INSERT INTO people.users VALUES (2, 'a')", as: "hr")
    #expect(try await database.logged() == ["2"])
    try await database.script("grants.sql", variables: ["role": "daemon"], as: "dba")
    #expect(try await database.sql("SELECT count(*) FROM rollcall.change", as: "daemon") == "0")
    #expect(
      try await database.sql(
        "SELECT DISTINCT proowner::regrole FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid WHERE tgname ~ 'rollcall'")
        == "rollcall_writer")
    #expect(try await database.sql("SELECT has_schema_privilege('rollcall_writer', 'rollcall', 'CREATE')") == "f")
    try await database.sql("SELECT rollcall.unwatch('people.users')", as: "hr")
    try await database.script("uninstall.sql", as: "dba")
    #expect(try await database.sql("SELECT count(*) FROM pg_roles WHERE rolname ~ '^rollcall'") == "0")
  }

  @Test("roles that somebody else has prepared are refused, with what to do")
  func preparedRoles() async throws {
    let (database, folder) = try await server()
    defer { _ = folder }
    try await database.sql(
      """
      CREATE ROLE mallory LOGIN;
      CREATE ROLE powerful;
      CREATE ROLE rollcall_owner;
      GRANT rollcall_owner TO mallory
      """)
    var words = try await refusal(database)
    #expect(words.contains("the role rollcall_owner has members that can change what it owns: mallory"))
    #expect(words.contains("REVOKE rollcall_owner FROM mallory") && words.contains("SET rollcall.trusted = 'mallory'"))
    words = try await refusal(database, as: "dba")
    #expect(words.contains("has members"))
    try await database.sql(
      """
      REVOKE rollcall_owner FROM mallory;
      CREATE ROLE rollcall_writer;
      GRANT powerful TO rollcall_writer
      """)
    #expect(try await refusal(database).contains("rollcall_writer is a member of powerful"))
    try await database.sql("REVOKE powerful FROM rollcall_writer; ALTER ROLE rollcall_writer CREATEDB")
    #expect(try await refusal(database).contains("ALTER ROLE rollcall_writer NOLOGIN"))
    try await database.sql(
      """
      ALTER ROLE rollcall_writer NOCREATEDB; GRANT CREATE ON SCHEMA public TO rollcall_owner;
      ALTER DEFAULT PRIVILEGES FOR ROLE rollcall_owner GRANT ALL ON TABLES TO mallory;
      """)
    #expect(try await refusal(database).contains("the role rollcall_owner has default privileges"))
    try await database.sql(
      "ALTER DEFAULT PRIVILEGES FOR ROLE rollcall_owner REVOKE ALL ON TABLES FROM mallory; GRANT rollcall_owner TO dba")
    // Who installs another database of the cluster may be trusted with this one.
    #expect(try await refusal(database).contains("members that can change what it owns: dba"))
    try await database.sql("ALTER DATABASE hr SET rollcall.trusted = 'dba'")
    #expect(try await refusal(database) == "")
  }

  @Test("a stranger who holds the locks that version 1 took stops neither install, watch, unwatch nor an upgrade")
  func squatter() async throws {
    let (database, folder) = try await server()
    defer { _ = folder }
    try await database.sql("CREATE ROLE mallory LOGIN; CREATE TABLE users (id int PRIMARY KEY)")
    try await database.script("../Tests/Schemas/version-1.sql")
    try await database.sql("SELECT rollcall.watch('users', 'id')")
    let squatting = Task {
      try await database.sql(
        """
        SELECT pg_advisory_lock(hashtext('rollcall'), hashtext(w)) FROM unnest('{install,watch}'::text[]) w;
        SELECT pg_sleep(600)
        """, as: "mallory")
    }
    try await eventually("mallory has the locks") {
      try await database.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") == "2"
    }
    #expect(await refused(database, "LOCK TABLE rollcall.version IN ACCESS SHARE MODE", as: "mallory"))
    try await database.install()
    try await database.sql(
      """
      SET rollcall.patience = '0'; SELECT rollcall.watch('users', 'id', '{}'); SELECT rollcall.unwatch('users');
      SELECT rollcall.tidy()
      """)
    try await database.install()
    try await database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mallory'")
    _ = await squatting.result
  }

  private func refused(_ database: Database, _ sql: String, as role: String) async -> Bool {
    do {
      try await database.sql("BEGIN; \(sql)", as: role)
      return false
    } catch {
      return "\(error)".contains("permission denied")
    }
  }
}
