import Sandbox
import Testing

@Suite(.serialized) struct InstallTests {
  @Test func whatTheDatabaseNeedsInOneCommand() async throws {
    let site = try await House.shared.site()
    let ran = try await site.install()
    #expect(
      ran.output == """
        schema rollcall: installed, version 4
        public.users: watched by its column id for changes of email, full_name, status, username
        rights: \(site.role) may read the watched tables and keep its state in the schema rollcall

        """)
    let check = try await site.succeed("check")
    #expect(!check.output.contains("error:"))
    // The daemon's role reads people, and writes none.
    let rights =
      "has_table_privilege('\(site.role)', 'users', 'SELECT'), has_table_privilege('\(site.role)', 'users', 'UPDATE')"
    #expect(try await site.sql("SELECT \(rights)") == "t|f")
  }

  @Test func againChangesNothing() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let triggers =
      "SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_trigger WHERE tgname LIKE 'rollcall%'"
    let before = try await site.sql(triggers)
    let ran = try await site.install()
    #expect(ran.output.contains("schema rollcall: version 4 is already installed"))
    #expect(try await site.sql(triggers) == before)
  }

  @Test func theColumnsThatTheMappingReads() async throws {
    var settings = SiteSettings()
    settings.schema += """
      ; CREATE TABLE roles (user_id int, role text, note text);
      CREATE TABLE departments (id int PRIMARY KEY, name text, person int);
      CREATE VIEW people AS SELECT u.*, d.name AS department FROM users u LEFT JOIN departments d ON d.person = u.id;
      """
    settings.source = """
      table: people
        key: id
        where: status <> 'hidden'
        watch: [{ table: users, key: id }, { table: roles, key: user_id }, { table: departments, key: person }]
      """
    settings.users = settings.users.replacing(
      "mail: email",
      with: "mail: email\n    title: (SELECT min(role) FROM roles r WHERE r.user_id = roster.id)")
    let site = try await House.shared.site(settings)
    try await site.install()
    let watched = try await site.sql(
      "SELECT source, key, (SELECT string_agg(c, ',' ORDER BY c) FROM unnest(columns) c) FROM rollcall.watched ORDER BY source::text"
    )
    #expect(
      watched == """
        departments|person|name
        roles|user_id|role
        users|id|email,full_name,status,username
        """)
    try await site.hire(["ada"])
    try await site.sql("INSERT INTO roles VALUES (1, 'clerk')")
    try await site.succeed("sync")
    #expect(try await site.values("title", of: "1") == ["clerk"])
    let check = try await site.succeed("check")
    #expect(!check.output.contains("error:"))
  }

  @Test func aWholeRowIsAllColumns() async throws {
    var settings = SiteSettings()
    settings.users = settings.users.replacing("mail: email", with: "mail: to_jsonb(roster) ->> 'email'")
    let site = try await House.shared.site(settings)
    try await site.install()
    #expect(try await site.sql("SELECT source, columns IS NULL FROM rollcall.watched") == "users|t")
  }

  @Test func aTableThatNobodyWatchesIsNamed() async throws {
    var settings = SiteSettings()
    settings.schema += "; CREATE TABLE roles (user_id int, role text)"
    settings.users = settings.users.replacing(
      "mail: email",
      with: "mail: email\n    title: (SELECT min(role) FROM roles r WHERE r.user_id = roster.id)")
    let site = try await House.shared.site(settings)
    let ran = try await site.rollcall("install", "--connection", site.owner)
    #expect(ran.code == 1)
    #expect(
      ran.errors.contains("users.attributes.title: reads public.roles (role, user_id), which is not watched"))
    #expect(ran.errors.contains("add it to source.watch"))
  }

  @Test func anOwnerWhoMayNotInstallWatchesAllTheSame() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let owner = "owner_of_\(site.name)"
    try await site.sql(
      """
      CREATE ROLE \(owner) LOGIN; ALTER TABLE users OWNER TO \(owner); GRANT USAGE ON SCHEMA rollcall TO \(owner);
      GRANT SELECT ON rollcall.version, rollcall.watched, rollcall.directory TO \(owner);
      GRANT EXECUTE ON FUNCTION rollcall.watch, rollcall.unwatch, rollcall.build, rollcall.tidy TO \(owner);
      """)
    let wider = try site.with("mail: email", "mail: email\n    title: status || id")
    let ran = try await wider.rollcall(
      "install", "--connection", site.postgres.conninfo(user: owner, database: site.name))
    #expect(ran.code == 0, "\(ran.words)")
    #expect(ran.output.contains("schema rollcall: version 4 is installed; \(owner) may not change it"))
  }

  @Test("without the right to create temporary views it is unknown what is read: all columns are watched")
  func withoutTemporary() async throws {
    let site = try await House.shared.site()
    try await site.postgres.psqlFile(Self.script, database: site.name)
    let owner = "owner_of_\(site.name)"
    try await site.sql(
      """
      REVOKE TEMPORARY ON DATABASE \(site.name) FROM PUBLIC;
      CREATE ROLE \(owner) LOGIN; ALTER TABLE users OWNER TO \(owner); GRANT USAGE ON SCHEMA rollcall TO \(owner);
      GRANT SELECT ON rollcall.version, rollcall.watched, rollcall.directory TO \(owner);
      GRANT EXECUTE ON FUNCTION rollcall.watch, rollcall.unwatch, rollcall.build, rollcall.tidy TO \(owner);
      """)
    let ran = try await site.rollcall(
      "install", "--connection", site.postgres.conninfo(user: owner, database: site.name))
    #expect(ran.output.contains("watched by its column id for changes of all columns"), "\(ran.words)")
    try await site.install()
    let check = try await site.succeed("check")
    #expect(check.words.contains("GRANT TEMPORARY ON DATABASE"))
    try await site.hire(["ada"])
    try await site.succeed("sync")
    try await site.sql("UPDATE users SET email = 'new@example.com'")
    try await site.succeed("sync")
    #expect(try await site.values("mail", of: "1") == ["new@example.com"])
  }

  @Test("two directories name people in one table by different columns: both are served")
  func anotherKeyColumn() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    let base = "ou=other,\(site.base)"
    try await site.directory.modify("dn: \(base)\nchangetype: add\nobjectClass: organizationalUnit\nou: other\n")
    let inner = "ou=inner,\(site.base)"
    try await site.directory.modify("dn: \(inner)\nchangetype: add\nobjectClass: organizationalUnit\nou: inner\n")
    let first = try site.with("base: \(site.base)", "base: \(inner)")
    let other = try site.with("name: \(site.name)\n", "name: other\n").with("base: \(site.base)", "base: \(base)")
      .with("key: id", "key: username")
    let ran = try await other.install()
    #expect(ran.output.contains("public.users: watched by its column username for changes of email"))
    #expect(
      ran.output.contains(
        "public.users: also watched by its column id, for another directory; if there is none: "
          + "SELECT rollcall.unwatch('public.users', 'id')"))
    #expect(try await site.sql("SELECT string_agg(key, ' ' ORDER BY key) FROM rollcall.watched") == "id username")
    for directory in [first, other] {
      try await directory.succeed("sync")
      #expect(try await !directory.succeed("check").words.contains("error:"))
    }
    try await site.sql("UPDATE users SET email = 'new@example.com'")
    for directory in [first, other] { try await directory.succeed("sync") }
    let mails = try await site.directory.search(
      base: site.base, filter: "(mail=new@example.com)", attributes: ["employeeNumber"])
    #expect(mails.contains("employeeNumber: 1\n") && mails.contains("employeeNumber: ada\n"))
  }

  @Test("a table's owner is told the grants that are missing where a superuser has installed, and they suffice")
  func grantsThatAreMissing() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let owner = "owner of_\(site.name)"
    try await site.sql("CREATE ROLE \"\(owner)\" LOGIN; ALTER TABLE users OWNER TO \"\(owner)\"")
    let connection = site.postgres.conninfo(user: owner, database: site.name)
    let wider = try site.with("mail: email", "mail: email\n    title: status || id")
    let refused = try await wider.rollcall("install", "--connection", connection)
    #expect(refused.code == 1 && refused.errors.contains("GRANT USAGE ON SCHEMA rollcall TO \"\(owner)\";"))
    let words = refused.errors.split(separator: "installed the schema: ").last
    let grants = try #require(words?.split(separator: " Then run this").first)
    try await site.sql(String(grants))
    let ran = try await wider.rollcall("install", "--connection", connection)
    #expect(ran.code == 0, "\(ran.words)")
    #expect(ran.output.contains("\(owner) may not change it"))
    try await site.sql("REVOKE SELECT ON rollcall.watched FROM \"\(owner)\"")
    let again = try await wider.rollcall("install", "--connection", connection)
    #expect(again.code == 1)
    #expect(again.errors.contains("installed the schema: GRANT SELECT ON rollcall.watched TO \"\(owner)\"; Then"))
  }

  @Test("a partition that was added is named by check, with what to do")
  func aNewPartition() async throws {
    var settings = SiteSettings()
    settings.schema += " PARTITION BY RANGE (id); CREATE TABLE users_1 PARTITION OF users FOR VALUES FROM (0) TO (9)"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.sql("CREATE TABLE users_2 PARTITION OF users DEFAULT")
    let check = try await site.succeed("check")
    #expect(check.words.contains("TRUNCATE is not noticed on public.users_2"))
    #expect(check.words.contains("run: rollcall install"))
    try await site.install()
    #expect(try await !site.succeed("check").words.contains("TRUNCATE"))
  }

  private static var script: String {
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/sql/install.sql"
  }

  @Test("an older schema is told to be upgraded, a newer one to wait for a newer program")
  func otherVersions() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql("UPDATE rollcall.version SET version = 1")
    for command in ["run", "sync", "status", "plan", "uninstall", "check"] {
      let ran = try await site.rollcall(command)
      #expect(ran.code != 0 && ran.words.contains("of version 1"), "\(command): \(ran.words)")
      #expect(ran.words.contains("run: rollcall install"), "\(command): \(ran.words)")
    }
    try await site.sql("UPDATE rollcall.version SET version = 99")
    for command in ["run", "sync", "status", "plan", "uninstall", "check", "install"] {
      let ran = try await site.rollcall(command)
      #expect(ran.code != 0 && ran.words.contains("of version 99"), "\(command): \(ran.words)")
      #expect(ran.words.contains("upgrade the program"), "\(command): \(ran.words)")
    }
  }

  @Test func whoMayNotInstallIsTold() async throws {
    let site = try await House.shared.site()
    let ran = try await site.rollcall("install")
    #expect(ran.code == 1)
    #expect(ran.errors.contains("the schema \"rollcall\" cannot be installed as \(site.role)"))
    #expect(ran.errors.contains("a superuser, or a role with CREATEROLE"))
  }

  @Test func aRoleThatDoesNotExistIsNamed() async throws {
    let site = try await House.shared.site()
    let ran = try await site.rollcall("install", "--connection", site.owner, "--role", "nobody there")
    #expect(ran.code == 1)
    #expect(ran.errors.contains("CREATE ROLE \"nobody there\" LOGIN"))
  }

  @Test func uninstallForgetsOneDirectoryOrAll() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.succeed("sync")
    let forgotten = try await site.succeed("uninstall")
    #expect(forgotten.output == "the state of \"\(site.name)\" was deleted\n")
    #expect(forgotten.errors.contains("its journal is kept for 90 days"))
    #expect(try await site.sql("SELECT count(*) FROM rollcall.journal") == "1")
    try await site.succeed("uninstall", "--connection", site.owner)
    #expect(try await site.sql("SELECT count(*) FROM rollcall.journal") == "0")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.directory") == "0")
    #expect(try await site.names() == ["ada"])
    try await site.sql("CREATE VIEW theirs AS SELECT source FROM rollcall.watched")
    let refused = try await site.rollcall("uninstall", "--all", "--connection", site.owner)
    #expect(refused.code == 1 && refused.errors.contains("view public.theirs") && refused.errors.contains("--cascade"))
    try await site.succeed("uninstall", "--all", "--cascade", "--connection", site.owner)
    #expect(try await site.sql("SELECT to_regnamespace('rollcall') IS NULL") == "t")
    #expect(try await site.sql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'rollcall%'") == "0")
    try await site.sql("UPDATE users SET email = 'x'")
  }

  @Test func uninstallWaitsForNoDaemon() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.withDaemon { _ in
      let ran = try await site.rollcall("uninstall")
      #expect(ran.code == 1)
      #expect(ran.errors.contains("leads the directory \"\(site.name)\"; stop it first"))
    }
  }
}
