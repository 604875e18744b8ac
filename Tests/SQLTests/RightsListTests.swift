import PageBlocks
import Sandbox
import Testing

/// The page `Rights.md` lists every right on the schema; this holds it against the catalogue.
@Suite struct RightsListTests {
  /// Every right that a role has on the schema and what is in it, other than what owners have on their own.
  private static let rights = """
    WITH granted AS (
      SELECT nspacl AS acl, 'schema rollcall' AS object, nspowner AS owner FROM pg_namespace WHERE nspname = 'rollcall'
      UNION ALL
      SELECT relacl, CASE relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' ELSE 'table ' END || relname, relowner
      FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace AND relkind IN ('r', 'v', 'S', 'p', 'm')
      UNION ALL
      SELECT coalesce(proacl, acldefault('f', proowner)),
        'function ' || regexp_replace(proname, '_[0-9a-f]{12}$', '_…') || '()', proowner
      FROM pg_proc WHERE pronamespace = 'rollcall'::regnamespace
      UNION ALL
      SELECT attacl, format('column %s.%s', relname, attname), relowner FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
      WHERE relnamespace = 'rollcall'::regnamespace AND attacl IS NOT NULL
    )
    SELECT coalesce(r.rolname, 'PUBLIC') || ': ' || string_agg(privilege_type, ', ' ORDER BY privilege_type) || ' on ' || object
    FROM granted CROSS JOIN aclexplode(acl) AS a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE a.grantee <> owner GROUP BY r.rolname, object ORDER BY r.rolname, object COLLATE "C"
    """

  @Test("each role has the rights that the documentation lists, and no other")
  func theList() async throws {
    let database = try await Database.make()
    let (daemon, hr) = ("daemon_\(database.name)", "hr_\(database.name)")
    let (viewer, acting) = ("viewer_\(database.name)", "operator_\(database.name)")
    try await database.sql(
      """
      CREATE ROLE \(daemon) LOGIN; CREATE ROLE \(hr) LOGIN; CREATE ROLE \(viewer); CREATE ROLE \(acting); \(CaptureTests.users); ALTER TABLE users OWNER TO \(hr);
      SELECT rollcall.watch('users', 'id');
      """)
    try await database.script("grants.sql", variables: ["role": daemon])
    try await database.script("grants.sql", variables: ["viewer": viewer])
    try await database.script("grants.sql", variables: ["operator": acting])
    let found = try await database.sql(Self.rights).replacing(daemon, with: "daemon").replacing(hr, with: "owner")
      .replacing(viewer, with: "viewer").replacing(acting, with: "operator")
    let block = try #require(Page.named("Rights").blocks.first { $0.language == "rights" }?.text)
    let listed = Set(block.split(separator: "\n").map(String.init))
    let actual = Set(found.split(separator: "\n").map(String.init))
    #expect(actual.subtracting(listed).sorted() == [], "not listed in Rights.md")
    #expect(listed.subtracting(actual).sorted() == [], "listed in Rights.md and not so")
  }

  @Test("the page about operations says of each table what personal data it holds")
  func personalData() async throws {
    let database = try await Database.make()
    let tables = try await database.sql(
      "SELECT relname FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace AND relkind = 'r' ORDER BY relname")
    let sections = try Page.named("Operations").text.split(separator: "\n## ")
    let page = try #require(sections.first { $0.hasPrefix("Personal data") })
    for table in tables.split(separator: "\n") {
      #expect(page.contains("`rollcall.\(table)`"), "Operations.md, \"Personal data\", does not name rollcall.\(table)")
    }
  }

  @Test("the writer owns the trigger functions and nothing else, and belongs to nobody but the owner")
  func theWriter() async throws {
    let database = try await Database.make()
    try await database.sql("\(CaptureTests.users); SELECT rollcall.watch('users', 'id')")
    #expect(
      try await database.sql(
        """
        SELECT string_agg(DISTINCT regexp_replace(p.proname, '_[0-9a-f]{12}$', ''), ' ' ORDER BY regexp_replace(p.proname, '_[0-9a-f]{12}$', ''))
        FROM pg_proc p WHERE proowner = 'rollcall_writer'::regrole AND prosecdef
        """) == "deleted_rows inserted_rows truncated updated_row")
    #expect(
      try await database.sql(
        """
        SELECT count(*) FROM pg_shdepend d WHERE refobjid = 'rollcall_writer'::regrole AND deptype = 'o'
          AND (classid <> 'pg_proc'::regclass) AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        """) == "0")
    // What runs as it cannot do more than log.
    for sql in [
      "SELECT key FROM rollcall.change", "DELETE FROM rollcall.change", "UPDATE rollcall.change SET key = '1'",
      "TRUNCATE rollcall.change",
      "INSERT INTO rollcall.change (source, key, at) VALUES ('users'::regclass, '1', now())",
      "SELECT * FROM rollcall.bell", "SELECT nextval('rollcall.ring')", "SELECT setval('rollcall.ring', 1)",
      "CREATE TABLE rollcall.mine (a int)", "SELECT * FROM users", "SELECT rollcall.prune()", "SET ROLE rollcall_owner",
      "CREATE OR REPLACE FUNCTION rollcall.truncated() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    ] {
      await #expect(throws: (any Error).self, "\(sql)") {
        try await database.sql("SET SESSION AUTHORIZATION rollcall_writer; \(sql)")
      }
    }
  }
}
