import Sandbox
import Testing

/// `install` finds out which changes can take access away, and `check` says so.
@Suite(.serialized) struct UrgentColumnsTests {
  private func urgent(_ site: Site) async throws -> String {
    try await site.sql("SELECT source, key, urgent FROM rollcall.watched ORDER BY source::text, key")
  }

  private func checked(_ site: Site) async throws -> Ran {
    try await Rollcall.run(["check", "--config", site.file], environment: site.environment)
  }

  @Test(
    "the columns of where and active, in a sub-select too; another directory's are united; older triggers are told of")
  func columns() async throws {
    var settings = SiteSettings()
    settings.schema += "; CREATE TABLE blocked (person int, since date, note text); ALTER TABLE users ADD contract text"
    settings.source = """
      table: public.users
        key: id
        where: NOT EXISTS (SELECT FROM blocked AS b WHERE b.person = roster.id AND b.since IS NOT NULL)
        active: status = 'active'
        watch: [{ table: blocked, key: person }]
      """
    let site = try await House.shared.site(settings)
    try await site.install()
    #expect(try await urgent(site) == "blocked|person|{person,since}\nusers|id|{status}")
    let check = try await site.succeed("check")
    #expect(check.output.contains("public.blocked: deletes, new rows and changes of since go ahead of other changes"))
    #expect(
      check.output.contains("public.users: deletes and changes of status go ahead of other changes"), "\(check.words)")

    let base = "ou=other,\(site.base)"
    try await site.directory.modify("dn: \(base)\nchangetype: add\nobjectClass: organizationalUnit\nou: other\n")
    let inner = "ou=inner,\(site.base)"
    try await site.directory.modify("dn: \(inner)\nchangetype: add\nobjectClass: organizationalUnit\nou: inner\n")
    let first = try site.with("base: \(site.base)", "base: \(inner)")
    let other = try site.with("name: \(site.name)\n", "name: other\n").with("base: \(site.base)", "base: \(base)")
      .with("active: status = 'active'", "active: contract IS NOT NULL")
    try await first.succeed("sync")
    try await other.install()
    #expect(try await urgent(site).hasSuffix("users|id|{contract,status}"))
    try await other.succeed("sync")
    try await first.install()
    #expect(try await urgent(site).hasSuffix("users|id|{contract,status}"))

    // As an older version has left them.
    try await site.sql("SELECT rollcall.watch('users', 'id')")
    let told = try await checked(first)
    #expect(told.words.contains("do not let changes of status") && told.words.contains("run: rollcall install"))
    try await first.install()
    #expect(try await !first.succeed("check").words.contains("do not let changes of status"))
    // What HR's function reads nobody knows.
    try await site.sql(
      "CREATE FUNCTION works(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'")
    let unknown = try first.with("active: status = 'active'", "active: works(id)")
    #expect(try await checked(unknown).words.contains("only deletes go ahead of other changes"))
  }
}
