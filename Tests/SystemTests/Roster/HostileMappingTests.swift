import RollcallEngine
import Sandbox
import Testing

@testable import RollcallConfiguration
@testable import RollcallLedger

/// G15: the mapping is code of others, and schemas have strangers in them.
@Suite struct HostileMappingTests {
  /// A function of somebody else that tries whatever a session of the daemon might let it.
  private static let hostile = """
    CREATE ROLE %mallory;
    CREATE FUNCTION public.nice(value text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      attempt text;
    BEGIN
      FOREACH attempt IN ARRAY ARRAY['UPDATE rollcall.held SET approved = true', 'DELETE FROM rollcall.parked',
        'INSERT INTO rollcall.request (directory, kind) SELECT name, ''release'' FROM rollcall.directory',
        'UPDATE rollcall.directory SET watermark = NULL', 'SET TRANSACTION READ WRITE',
        'CREATE TEMP TABLE users (id int)', 'COMMIT']
      LOOP
        BEGIN
          EXECUTE attempt;
        EXCEPTION WHEN OTHERS THEN
          NULL;
        END;
      END LOOP;
      PERFORM pg_catalog.pg_advisory_unlock_all();
      PERFORM pg_catalog.set_config('search_path', 'mine, pg_catalog', false);
      PERFORM pg_catalog.set_config('statement_timeout', '0', false);
      PERFORM pg_catalog.pg_notify('rollcall', '{"count":1000000}');
      RETURN value || ' seen by ' || pg_catalog.current_setting('application_name');
    END
    $$;
    ALTER FUNCTION public.nice(text) OWNER TO %mallory;
    """

  @Test("G15: a function of somebody else writes nothing, unlocks nothing and leaves nothing behind")
  func aHostileFunction() async throws {
    var settings = SiteSettings()
    settings.attributes += "\n    description: nice(email)"
    settings.schema = SQLScripts.example + Self.hostile.replacing("%mallory", with: "mallory_functions")
    let site = try await World.shared.site(settings)
    try await site.sql(
      """
      INSERT INTO rollcall.held (directory, subject, action, dn) VALUES ('other', '99', 'delete', 'uid=x,\(site.base)')
      """)
    try await site.withDaemon { _ in
      try await site.sql(
        "INSERT INTO users SELECT n, 'u' || n, 'e' || n, 'Full ' || n, 'active' FROM generate_series(1, 40) n")
      try await eventually("all are there") { try await site.names().count == 40 }
      let description = try await site.value("description", of: "7")
      #expect(description?.hasPrefix("e7 seen by rollcall") == true, "the function was called")
      #expect(try await site.sql("SELECT approved FROM rollcall.held WHERE subject = '99'") == "f")
      #expect(try await site.sql("SELECT count(*) FROM rollcall.request") == "0")
      #expect(try await site.sql("SELECT bool_or(watermark IS NULL) FROM rollcall.directory") == "f")
      let leads = try await site.sql(
        """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database =
          (SELECT oid FROM pg_database WHERE datname = current_database())
        """)
      #expect(Int(leads).map { $0 > 0 } == true, "the leader's lock is held")
      // What comes next is read as before.
      try await site.sql("UPDATE users SET email = 'new' WHERE id = 7")
      try await eventually("7 is changed") { try await site.value("mail", of: "7") == "new" }
    }
  }

  @Test("G15: who may create in a schema of the path may not be anybody", arguments: ["PUBLIC", "somebody_else"])
  func othersMayCreate(grantee: String) async throws {
    let site = try await World.shared.site()
    if grantee != "PUBLIC" { try await site.sql("CREATE ROLE \(grantee)") }
    try await site.sync()
    try await site.sql("GRANT CREATE ON SCHEMA public TO \(grantee)")
    for full in [true, false] {
      let error = await #expect(throws: EngineError.self) { try await site.sync(full: full) }
      #expect("\(error.map { "\($0)" } ?? "")".contains("REVOKE CREATE ON SCHEMA public FROM \(grantee);"))
    }
    let error = await #expect(throws: EngineError.self) { try await site.plan() }
    #expect("\(error.map { "\($0)" } ?? "")".contains("REVOKE CREATE ON SCHEMA public FROM \(grantee);"))
    try await site.sql("REVOKE CREATE ON SCHEMA public FROM \(grantee)")
    try await site.sync(full: true)
  }

  @Test("G15: an operator of a schema outside the path is not called")
  func anOperatorElsewhere() async throws {
    let site = try await World.shared.site()
    try await site.sql(
      """
      CREATE SCHEMA mine; GRANT USAGE ON SCHEMA mine TO PUBLIC;
      CREATE FUNCTION mine.never(varchar, varchar) RETURNS boolean LANGUAGE sql AS 'SELECT false';
      CREATE OPERATOR mine.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = mine.never);
      ALTER ROLE \(site.name) SET search_path = mine, public;
      """)
    try await site.insert(["ann"])
    try await site.sync()
    #expect(try await site.names() == ["ann"])
    #expect(try await site.value("employeeType", of: "1") == nil, "she is active")
  }

  @Test("a column whose type is of a schema outside the path is refused, and seen where the schema is named")
  func typesOutsideThePath() async throws {
    var settings = SiteSettings()
    settings.schema = """
      CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; GRANT USAGE ON SCHEMA ext TO PUBLIC;
      CREATE TABLE users (id int PRIMARY KEY, username text, email text, full_name text, status ext.citext);
      """
    let site = try await World.shared.site(settings)
    try await site.sql("INSERT INTO users VALUES (1, 'ann', 'a', 'Ann', 'ACTIVE')")
    for full in [true, false] {
      let error = await #expect(throws: EngineError.self) { try await site.sync(full: full) }
      #expect("\(error.map { "\($0)" } ?? "")".contains("add ext to source.search_path"))
    }
    settings.source += "\n  search_path: [public, ext]"
    let seeing = try await World.shared.site(settings)
    try await seeing.sql("INSERT INTO users VALUES (1, 'ann', 'a', 'Ann', 'ACTIVE')")
    try await seeing.sync()
    #expect(try await seeing.names() == ["ann"])
    #expect(try await seeing.value("employeeType", of: "1") == nil, "citext takes ACTIVE for active")
  }

  @Test("G15: a reader that has no right on the schema rollcall is enough to read the roster")
  func aReader() async throws {
    let site = try await World.shared.site()
    let reader = "\(site.name)_reader"
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    try await site.sql("CREATE ROLE \(reader) LOGIN")
    try await site.postgres.psqlFile("/\(root)/sql/grants.sql", variables: ["reader": reader], database: site.name)
    try await site.sql("REVOKE SELECT ON users FROM \(site.name)")
    #expect(try await site.sql("SELECT has_schema_privilege('\(reader)', 'rollcall', 'USAGE')") == "f")
    let conninfo = site.postgres.conninfo(user: reader, database: site.name)
    let yaml = site.yaml.replacing("  key: id\n", with: "  key: id\n  reader: \"\(conninfo)\"\n")
    let configuration = try Configuration.parse(yaml, file: "reader.yaml", environment: [:]) {
      _ throws(UnreadableFile) in throw UnreadableFile(reason: "no files here")
    }
    let read = Site(site.name, site.base, configuration, yaml, site.postgres, site.directory)
    try await read.insert(["ann"])
    try await read.sync()
    #expect(try await read.names() == ["ann"])
    try await read.withDaemon { _ in
      try await read.insert(["ben"], from: 2)
      try await eventually("ben is there") { try await read.names() == ["ann", "ben"] }
    }
  }
}
