import Sandbox
import Testing

/// `check`, `install` and `run` refuse a query of `source.watch[].keys` that finds no people.
@Suite struct KeyQueryCheckTests {
  private static let right = "SELECT users.id FROM users JOIN changed ON users.department = changed.id"

  @Test func refused() async throws {
    var settings = SiteSettings()
    settings.schema += """
      ; CREATE TABLE departments (id int PRIMARY KEY, name text); CREATE TABLE places (department int, person int);
      ALTER TABLE users ADD department int
      """
    settings.source += "\n  watch: [{ table: public.departments, key: id, keys: \"\(Self.right)\" }]"
    settings.users += "\n    departmentNumber: (SELECT d.name FROM departments d WHERE d.id = department)"
    let site = try await House.shared.site(settings)
    let place = "source.watch[0].keys"
    for (query, words) in [
      ("SELECT 1; DELETE FROM users", "syntax error"),
      ("DELETE FROM users RETURNING id", "syntax error"),
      ("SELECT changed.nothing FROM changed", "column changed.nothing does not exist"),
      ("SELECT id, 1 FROM changed", "returns 2 columns; it must return one"),
      ("SELECT username FROM users", "returns text, and source.key is of type int4"),
      ("SELECT true FROM changed", "returns no keys"),
    ] {
      let wrong = try site.with(Self.right, query)
      for ran in [try await wrong.rollcall("install", "--connection", site.owner), try await wrong.rollcall("check")] {
        #expect(ran.code == 1 && ran.words.contains(place) && ran.words.contains(words), "\(query): \(ran.words)")
      }
    }
    let missing = try await site.with("departments, key: id,", "departments, key: number,").rollcall("check")
    #expect(missing.code == 1 && missing.words.contains("with a column \"number\""), "\(missing.words)")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.watched") == "0")

    let joined = try site.with(Self.right, "SELECT person FROM places JOIN changed ON department = id")
    let installed = try await joined.install()
    #expect(
      installed.output.contains(
        "public.departments: watched by its column id for changes of name; \(place) finds the people concerned"),
      "\(installed.words)")
    #expect(installed.output.contains("may read the watched tables and public.places"), "\(installed.words)")
    let checked = try await joined.succeed("check").words
    #expect(
      checked.contains("for changes of name; read by users.attributes.departmentNumber; \(place) finds"), "\(checked)")
    // What a function reads, where PostgreSQL has parsed its body.
    try await site.sql(
      "CREATE FUNCTION title(int) RETURNS text STABLE BEGIN ATOMIC SELECT name FROM departments WHERE id = $1; END")
    let called = try joined.with("(SELECT d.name FROM departments d WHERE d.id = department)", "title(department)")
    let read = "for changes of name; read by users.attributes.departmentNumber; \(place)"
    #expect(try await called.succeed("check").words.contains(read))
    let alone = try await called.with("watch: [{ table: public.departments", "watch: [{ table: public.places")
      .with("key: id, keys: \"SELECT person FROM places JOIN changed ON department = id\"", "key: person").rollcall(
        "check")
    let unwatched = "reads public.departments (id, name), which is not watched"
    #expect(alone.code == 1 && alone.words.contains(unwatched), "\(alone.words)")
    try await site.sql("REVOKE SELECT ON places FROM \(site.role)")
    let denied = try await joined.rollcall("check")
    #expect(denied.code == 1 && denied.words.contains("permission denied for table places"), "\(denied.words)")
    let fix = "run: rollcall install"
    #expect(denied.words.contains(fix), "\(denied.words)")
    // Another role that reads.
    let role = "reader_\(site.name)"
    try await site.sql("CREATE ROLE \(role) LOGIN; GRANT SELECT ON users, departments TO \(role)")
    let reader = site.postgres.conninfo(user: role, database: site.name)
    let other = try joined.with("source:\n", "source:\n  reader: \"\(reader)\"\n")
    let lacking = try await other.rollcall("check").words
    let grant = "\(place): permission denied for table places; grant the role of source.reader SELECT on it"
    #expect(lacking.contains(grant), "\(lacking)")
    try await site.sql("GRANT SELECT ON places TO \(role)")
    try await other.succeed("check")
    let started = try await site.with(Self.right, "SELECT username FROM users").rollcall("run")
    #expect(started.code == 1 && started.errors.contains("\(place)"), "\(started.words)")
  }
}
