import Sandbox
import Testing

/// The owner of a watched table may give its columns types, casts, defaults and functions of its own: none of them runs
/// with rights that the owner does not have.
@Suite struct HostileTypeTests {
  /// A watched table of a role without other rights, and functions of that role that note as whom they run.
  private func watched(_ columns: String, as owner: String, _ database: Database) async throws {
    try await database.sql(
      """
      CREATE ROLE \(owner) LOGIN; CREATE SCHEMA hr AUTHORIZATION \(owner); SET ROLE \(owner);
      CREATE TABLE hr.ran (who text, what text); GRANT ALL ON hr.ran TO PUBLIC; GRANT USAGE ON SCHEMA hr TO PUBLIC;
      CREATE FUNCTION hr.note(what text) RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO hr.ran VALUES (current_user, what); DELETE FROM rollcall.change; EXCEPTION WHEN OTHERS THEN NULL; END $$;
      CREATE TYPE hr.kind AS ENUM ('1', '2');
      CREATE TYPE hr.pair AS (a int);
      CREATE FUNCTION hr.say(hr.kind) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN PERFORM hr.note('cast'); RETURN 'cast'; END $$;
      CREATE FUNCTION hr.count(hr.kind) RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN PERFORM hr.note('cast'); RETURN 7; END $$;
      CREATE FUNCTION hr.equal(hr.kind, hr.kind) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN PERFORM hr.note('operator'); RETURN true; END $$;
      CREATE FUNCTION hr.fine(text) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN PERFORM hr.note('check'); RETURN true; END $$;
      CREATE FUNCTION hr.given() RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN PERFORM hr.note('default'); RETURN 'given'; END $$;
      CREATE FUNCTION hr.derived(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN PERFORM hr.note('generated'); RETURN $1; END $$;
      CREATE CAST (hr.kind AS text) WITH FUNCTION hr.say(hr.kind) AS IMPLICIT;
      CREATE CAST (hr.kind AS int) WITH FUNCTION hr.count(hr.kind) AS IMPLICIT;
      CREATE OPERATOR hr.= (LEFTARG = hr.kind, RIGHTARG = hr.kind, FUNCTION = hr.equal);
      CREATE DOMAIN hr.checked AS text CHECK (hr.fine(VALUE));
      CREATE TABLE hr.users (\(columns)); RESET ROLE;
      SELECT rollcall.watch('hr.users', 'id', '{name}'); INSERT INTO rollcall.bell VALUES ('main', true, 'infinity');
      """)
  }

  /// What ran as anybody but the table's owner.
  private func foreign(_ database: Database, _ owner: String) async throws -> String {
    try await database.sql("SELECT DISTINCT who || ' ' || what FROM hr.ran WHERE who <> '\(owner)'")
  }

  private static let toKind = "TYPE hr.kind USING CASE WHEN true THEN '1' END::hr.kind"

  @Test(
    "G15: a type put under the key or a compared column after watch()",
    arguments: [
      ("id int, name text", "ALTER id \(toKind)"), ("id text, name text", "ALTER id \(toKind)"),
      ("id int, name text", "ALTER name \(toKind)"), ("id int, name int", "ALTER name \(toKind)"),
      ("id hr.kind, name hr.kind", "ALTER name SET STATISTICS 10"),
      ("id hr.checked, name hr.checked", "ALTER name SET STATISTICS 10"),
      ("id int, name text", "ALTER name TYPE hr.checked"), ("id int, name text", "ALTER id TYPE hr.checked USING '1'"),
      ("id int, name text", "ALTER name TYPE hr.pair USING ROW(1)::hr.pair"),
      (
        "id int, name text DEFAULT hr.given(), d text GENERATED ALWAYS AS (hr.derived(name)) STORED",
        "ALTER name SET STATISTICS 10"
      ),
    ])
  func types(columns: String, change: String) async throws {
    let database = try await Database.make()
    let owner = "hr_\(database.name)"
    try await watched(columns, as: owner, database)
    // Before and after in one session, whose plans are of before.
    let writes = """
      INSERT INTO hr.users (id) VALUES ('1'); UPDATE hr.users SET name = NULL; UPDATE hr.users SET id = id;
      UPDATE hr.users SET id = '2'; DELETE FROM hr.users; INSERT INTO hr.users (id) VALUES ('1');
      """
    try await database.sql("\(writes) ALTER TABLE hr.users \(change); \(writes)", as: owner)
    try await database.sql(
      """
      \(writes) TRUNCATE hr.users;
      ALTER TABLE hr.users DROP COLUMN id;
      INSERT INTO hr.users DEFAULT VALUES
      """, as: owner)
    #expect(try await foreign(database, owner) == "")
    // The output function tells the key.
    let logged = try await database.logged()
    #expect(logged.count > 12 && Set(logged) == ["1", "2", "*"], "\(logged)")
  }

  @Test("a trigger made by hand on a trigger function of ours runs nothing either")
  func anotherTable() async throws {
    let database = try await Database.make()
    let owner = "hr_\(database.name)"
    try await watched("id int, name text", as: owner, database)
    try await database.sql("GRANT USAGE ON SCHEMA rollcall TO \(owner)")
    try await database.sql(
      """
      CREATE TABLE hr.others (id hr.kind, name hr.kind);
      DO $do$ DECLARE f text; BEGIN
        FOR f IN SELECT format('CREATE TRIGGER t_%s AFTER %s ON hr.others %s FOR EACH %s EXECUTE FUNCTION %s', p.oid,
          CASE WHEN proname ~ '^ins' THEN 'INSERT' WHEN proname ~ '^upd' THEN 'UPDATE' ELSE 'DELETE' END,
          CASE WHEN proname ~ '^ins' THEN 'REFERENCING NEW TABLE AS rollcall_rows' WHEN proname ~ '^del'
               THEN 'REFERENCING OLD TABLE AS rollcall_rows' END,
          CASE WHEN proname ~ '_row_' THEN 'ROW' ELSE 'STATEMENT' END, p.oid::regprocedure)
          FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid WHERE tgrelid = 'hr.users'::regclass AND proname ~ '_rows?_'
        LOOP EXECUTE f; END LOOP;
      END $do$;
      INSERT INTO hr.others VALUES ('1', '1'); UPDATE hr.others SET name = '2'; UPDATE hr.others SET id = '2';
      DELETE FROM hr.others;
      """, as: owner)
    #expect(try await foreign(database, owner) == "")
    #expect(try await database.logged() == ["1", "1", "1", "2", "2"])
    // Nobody's view of what is watched fails because of it.
    #expect(
      try await database.sql(
        """
        SELECT source, problem FROM rollcall.watched WHERE source = 'hr.users'::regclass
        """) == "hr.users|")
  }

  @Test("a trigger's argument of megabytes is not read, and nobody's view of what is watched fails because of it")
  func aLongArgument() async throws {
    let database = try await Database.make()
    let owner = "hr_\(database.name)"
    try await watched("id int, name text", as: owner, database)
    try await database.sql("GRANT USAGE ON SCHEMA rollcall TO \(owner)")
    try await database.sql(
      """
      CREATE TABLE hr.others (id int);
      DO $do$ BEGIN EXECUTE (SELECT format('CREATE TRIGGER t AFTER UPDATE ON hr.others FOR EACH ROW EXECUTE FUNCTION %s(%L)',
        tgfoid::regproc, '{"key" : "' || repeat('x', 8000000) || '", "columns" : null}')
        FROM pg_trigger WHERE tgrelid = 'hr.users'::regclass AND tgname = 'rollcall_update'); END $do$;
      """, as: owner)
    // PostgreSQL's expressions take four octets a character, and none takes more than a gigabyte: 280 MB failed.
    #expect(
      try await database.sql(
        """
        SELECT count(*), count(argument) FROM rollcall.triggers WHERE tgrelid = 'hr.others'::regclass;
        SELECT source, problem FROM rollcall.watched
        """) == "1|0\nhr.users|")
  }
}
