import Sandbox
import Testing

/// A schema `public` in which anybody has put functions and operators that match better than those of `pg_catalog`
/// (CVE-2018-1058): nothing of it runs when a superuser runs the scripts and calls the functions.
@Suite struct HostileSchemaTests {
  /// A database with such a schema, and a table in another one.
  private func hostile() async throws -> (Database, role: String) {
    let database = try await Database.make(installed: false)
    let role = "daemon_\(database.name)"
    try await database.sql(
      """
      CREATE ROLE \(role) LOGIN;
      CREATE SCHEMA hr;
      CREATE TABLE hr.users (id int PRIMARY KEY, name text)
      """)
    try await database.script("../Tests/Schemas/hostile-public.sql")
    return (database, role)
  }

  /// What has run, and as whom.
  private func caught(_ database: Database) async throws -> String {
    try await database.sql(
      """
      SET search_path = pg_catalog;
      SELECT DISTINCT who || ': ' || context FROM public.caught ORDER BY 1 LIMIT 5
      """)
  }

  @Test("the fixture is hostile: version 1 ran its functions as the superuser who granted rights")
  func version1() async throws {
    let (database, role) = try await hostile()
    try await database.script("../Tests/Schemas/version-1.sql")
    try await database.sql("SELECT rollcall.watch('hr.users', 'id')")
    try await database.script("../Tests/Schemas/version-1-grants.sql", variables: ["role": role])
    #expect(try await caught(database).contains("postgres: PL/pgSQL function has_database_privilege(name,name,text)"))
  }

  @Test(
    "G15: nothing of it runs in install, grants, watch, a write, unwatch, an upgrade and uninstall",
    arguments: [nil, "../Tests/Schemas/version-1.sql"])
  func allScripts(older: String?) async throws {
    let (database, role) = try await hostile()
    if let older {
      try await database.script(older)
      try await database.sql("SELECT rollcall.watch('hr.users', 'id')")
    }
    try await database.install()
    try await database.sql(
      """
      SELECT rollcall.watch('hr.users', 'id'); SELECT rollcall.watch('hr.users', 'id', '{name}');
      INSERT INTO hr.users VALUES (1, 'a'), (2, 'b'); UPDATE hr.users SET name = 'c'; UPDATE hr.users SET id = 9 WHERE name = 'c'
        AND ctid = '(0,3)'; DELETE FROM hr.users; TRUNCATE hr.users;
      """)
    try await database.script("grants.sql", variables: ["role": role])
    try await database.sql(
      """
      INSERT INTO rollcall.bell VALUES ('main', true, 'infinity'); INSERT INTO rollcall.directory (name) VALUES ('main');
      INSERT INTO hr.users VALUES (1, 'a'); SELECT rollcall.prune(0::bigint, 10); SELECT rollcall.unwatch('hr.users');
      SELECT rollcall.watch('hr.users', 'id'); TABLE rollcall.watched;
      """)
    try await database.script("uninstall.sql")
    #expect(try await caught(database) == "")
  }
}
