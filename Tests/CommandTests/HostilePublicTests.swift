import Sandbox
import Testing

/// Every command, as a superuser, in a database in whose schema `public` anybody has put functions and operators that
/// match better than those of `pg_catalog`. The table is in a schema of its own, so the mapping does not see `public`.
@Suite struct HostilePublicTests {
  @Test("G15: nothing of public runs in an upgrade, install, check, plan, sync, run, status and uninstall")
  func allCommands() async throws {
    var settings = SiteSettings()
    settings.schema = """
      CREATE SCHEMA hr; CREATE TABLE hr.users (id int PRIMARY KEY, username varchar, email varchar, full_name varchar,
        status varchar)
      """
    settings.source = settings.source.replacing("public.users", with: "hr.users")
    let made = try await House.shared.site(settings)
    let site = try made.with("user=\(made.role) password=${DB_PASSWORD}", "user=postgres")
    let schemas = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Tests/Schemas"
    // Its own statements must not call what they are to look for.
    func sql(_ text: String) async throws -> String { try await site.sql("SET search_path = pg_catalog; \(text)") }
    try await site.postgres.psqlFile("\(schemas)/hostile-public.sql", database: site.name)
    try await site.postgres.psqlFile("\(schemas)/version-1.sql", database: site.name)
    _ = try await sql("SELECT rollcall.watch('hr.users', 'id')")

    _ = try await site.rollcall("check")
    try await site.install()
    _ = try await site.rollcall("check")
    _ = try await sql("INSERT INTO hr.users VALUES (1, 'ada', 'a@example.com', 'Ada Lovelace', 'active')")
    _ = try await site.rollcall("plan")
    try await site.succeed("sync")
    try await site.withDaemon { _ in
      _ = try await sql("INSERT INTO hr.users VALUES (2, 'bob', 'b@example.com', 'Bob Bee', 'active')")
      try await eventually("bob is there") { try await site.names() == ["ada", "bob"] }
      _ = try await sql("UPDATE hr.users SET status = 'left' WHERE id = 1; DELETE FROM hr.users WHERE id = 2")
      try await eventually("bob is gone") { try await site.names() == ["ada"] }
      _ = try await site.rollcall("status")
      _ = try await site.rollcall("retry")
      _ = try await site.rollcall("release")
      try await site.succeed("sync", "--full")
    }
    try await site.succeed("uninstall")
    try await site.succeed("uninstall", "--all", "--connection", site.owner)
    #expect(try await sql("SELECT DISTINCT who || ': ' || context FROM public.caught LIMIT 9") == "")
  }
}
