import Sandbox
import Testing

/// `run` does not start on what would lose changes, and names the command that mends it.
@Suite(.serialized) struct RefusalTests {
  private func refuse(_ site: Site, _ words: String..., location: SourceLocation = #_sourceLocation)
    async throws
  {
    for command in [["run"], ["sync"]] {
      let ran = try await Rollcall.run(command + ["--config", site.file], environment: site.environment)
      #expect(ran.code == 1, "\(ran.words)", sourceLocation: location)
      for word in words { #expect(ran.errors.contains(word), "\(ran.errors)", sourceLocation: location) }
      site.expectNoSecret(ran.words, location)
    }
  }

  @Test func nothingInstalled() async throws {
    let site = try await House.shared.site()
    try await refuse(site, "the schema \"rollcall\" is not installed in this database; run: rollcall install")
  }

  @Test func anotherVersion() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql("UPDATE rollcall.version SET version = 99")
    try await refuse(site, "of version 99, newer than this program knows", "; upgrade the program")
    #expect(try await site.rollcall("status").errors.contains("upgrade the program"))
    try await site.sql("UPDATE rollcall.version SET version = 1")
    try await refuse(site, "of version 1, this program needs", "run: rollcall install")
  }

  @Test("check says what the upgrade of an older schema will do, and changes nothing")
  func whatAnUpgradeDoes() async throws {
    let site = try await House.shared.site()
    try await site.sql(try Repository.text(of: "Tests/Schemas/version-2.sql"))
    try await site.sql(
      "GRANT USAGE ON SCHEMA rollcall TO \(site.role); GRANT SELECT ON rollcall.version TO \(site.role)")
    let ran = try await site.rollcall("check")
    #expect(ran.code == 1 && ran.output.contains("of version 2, this program needs"), "\(ran.words)")
    #expect(ran.output.contains("the upgrade to version 3: adds the journal, pins"), "\(ran.words)")
    #expect(!ran.output.contains("the upgrade to version 2:"))
    #expect(ran.output.contains("pg_dump -n rollcall"))
    #expect(try await site.sql("SELECT version FROM rollcall.version") == "2")
    try await site.install()
    #expect(try await !site.rollcall("check").output.contains("the upgrade"))
  }

  @Test("a daemon whose schema is upgraded under it ends, with one line that says why")
  func anUpgradeUnderARunningDaemon() async throws {
    let site = try await House.shared.site().with("directory:\n", "sweep: { every: 200ms }\ndirectory:\n")
    try await site.install()
    let daemon = try await site.start()
    try await soon("the daemon leads") { try await site.status().leader != nil }
    try await site.sql("UPDATE rollcall.version SET version = 99")
    try await soon("the daemon has ended") { daemon.hasEnded }
    #expect(await daemon.waitForEnd() == .exited(1))
    let lines = try daemon.printed().split(separator: "\n").filter { $0.contains("newer than this program knows") }
    #expect(lines.count == 1 && lines.first?.hasPrefix("rollcall: ") == true, "\(lines)")
    // Nobody has to wait for it: it has given the lock back.
    try await site.sql("DELETE FROM rollcall.version")
    try await site.sql("INSERT INTO rollcall.version VALUES (\(try await Self.version()))")
    try await site.succeed("sync")
  }

  /// Of the schema that the program installs.
  private static func version() async throws -> String {
    let site = try await House.shared.site()
    try await site.install()
    return try await site.sql("SELECT version FROM rollcall.version")
  }

  /// Everybody would be parked for it, or everybody with such a value.
  @Test(arguments: [
    ("mail: email", "mial: email", "users.attributes.mial: the server knows no attribute \"mial\""),
    (
      "link: employeeNumber", "link: employeeNumber\n  classes: [inetOrgPersn]",
      "users.classes: the server knows no class \"inetOrgPersn\""
    ),
    (
      "mail: email", "gidNumber: id",
      "users.attributes.gidNumber: none of the classes inetOrgPerson allows \"gidNumber\""
    ),
    ("mail: email", "createTimestamp: now()", "users.attributes.createTimestamp: only the server itself writes"),
    ("cn: full_name\n", "description: full_name\n", "users.classes: the classes demand cn, which nothing maps"),
    (
      "link: employeeNumber", "link: employeeNumber\n  classes: [uidObject]",
      "users.classes: none of the classes is structural"
    ),
    ("{ employeeType: disabled }", "{ loginShell: /bin/false }", "users.disable.loginShell: none of the classes"),
  ])
  func whatTheServerDoesNotTake(_ piece: String, _ wrong: String, _ words: String) async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await refuse(try site.with(piece, wrong), words)
    #expect(try await site.names() == [])
    #expect(try await site.status().parked.isEmpty)
    try await site.succeed("sync")
  }

  /// Every leaver is parked, and stays enabled: no reason to keep everybody else out, but it is said at the start.
  @Test func aServerThatCannotDisable() async throws {
    let site = try await House.shared.site()
    try await site.install()
    var options = OpenLDAPOptions()
    options.durable = false
    let stock = try await DirectoryServer.start(in: site.folder, options: options)
    var own = try site.with(site.directory.url, stock.url).with("disable: { employeeType: disabled }", "disable: {}")
      .with("base: \(site.base)", "base: \(stock.usersBase)")
    own.environment["LDAP_PASSWORD"] = stock.accountPassword
    #expect(try await own.rollcall("sync").errors.contains("which is missing: leavers stay enabled, and are parked"))
    // Nobody is ever disabled there.
    let never = try await own.with("active: status = 'active'", "").rollcall("sync")
    #expect(never.code == 0 && !never.errors.contains("ppolicy"), "\(never.errors)")
    await stock.stop()
  }

  @Test func aBaseThatIsNotThere() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await refuse(
      try site.with("base: \(site.base)", "base: ou=nowhere,dc=example,dc=com"),
      "users.base does not exist, or the account of directory.bind may not read it: make the entry, or correct users.base"
    )
  }

  @Test func aMissingTrigger() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql("DROP TRIGGER rollcall_delete ON users")
    try await refuse(
      site, "public.users: its triggers are not in order: missing: rollcall_delete; run: rollcall install")
    try await site.install()
    try await site.succeed("sync")
  }

  @Test func noTriggerAtAll() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql("SELECT rollcall.unwatch('users')")
    try await refuse(
      site, "public.users: has no triggers, so changes would not be noticed; run: rollcall install")
  }

  @Test func aDisabledTrigger() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql("ALTER TABLE users DISABLE TRIGGER rollcall_update")
    try await refuse(site, "not enabled always: rollcall_update on", "run: rollcall install")
  }

  @Test func columnsThatNoTriggerWatches() async throws {
    let site = try await House.shared.site()
    try await site.sql("ALTER TABLE users ADD COLUMN phone text")
    try await site.install()
    let wider = try site.with("mail: email", "mail: email\n    telephoneNumber: phone")
    try await refuse(
      wider, "public.users: its triggers do not watch phone, which the mapping reads; run: rollcall install")
    try await wider.install()
    try await wider.succeed("sync")
  }

  @Test func aTableThatNobodyWatches() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql("CREATE TABLE roles (user_id int, role text)")
    let wider = try site.with(
      "mail: email", "mail: email\n    title: (SELECT min(role) FROM roles r WHERE r.user_id = roster.id)")
    try await refuse(
      wider, "users.attributes.title: reads public.roles (role, user_id), which is not watched")
  }

  @Test func aWrongColumn() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let wrong = try site.with("mail: email", "mail: emial")
    try await refuse(wrong, ": users.attributes.mail: column \"emial\" does not exist")
  }

  @Test func aMissingTable() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let wrong = try site.with("table: public.users", "table: public.people")
    try await refuse(wrong, ": source.table: relation \"public.people\" does not exist")
  }

  @Test func noRightsOnTheSchema() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql("REVOKE USAGE ON SCHEMA rollcall FROM \(site.role)")
    try await refuse(site, "lacks rights on the schema \"rollcall\"", "run: rollcall install")
  }

  @Test func anotherDirectoryManagesTheBase() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.succeed("sync")
    let rival = try site.with("name: \(site.name)\n", "name: rival\n")
    try await refuse(rival, "\"\(site.name)\" already manages \(site.base)", "rollcall uninstall")
    let checked = try await rival.rollcall("check")
    #expect(
      checked.code == 1 && checked.output.contains("users.base: the directory name \"\(site.name)\" already manages"))
  }

  @Test("A base that lies inside another directory's, or around it, is refused", arguments: ["inside", "around"])
  func aBaseThatIsNested(_ how: String) async throws {
    let site = try await House.shared.site()
    try await site.install()
    let inner = "ou=Inner,\(site.base)"
    try await site.directory.modify("dn: \(inner)\nchangetype: add\nobjectClass: organizationalUnit\nou: Inner\n")
    let nested = try site.with("base: \(site.base)", "base: \(inner)")
    let (first, second) = how == "inside" ? (site, nested) : (nested, site)
    try await first.succeed("sync")
    let rival = try second.with("name: \(site.name)\n", "name: rival\n")
    let words = how == "inside" ? ", which contains OU=Inner" : ", which is below"
    for command in ["run", "sync"] {
      let ran = try await Rollcall.run([command, "--config", rival.file], environment: rival.environment)
      #expect(ran.code == 1 && ran.errors.lowercased().contains(words.lowercased()), "\(ran.errors)")
      #expect(ran.errors.contains("\"\(site.name)\" already manages") && ran.errors.contains("rollcall uninstall"))
    }
    #expect(try await site.sql("SELECT base FROM rollcall.directory WHERE name = 'rival'").isEmpty)
  }

  @Test("of two that begin at the same moment, and see nothing of each other, the later one gives its base up")
  func twoAtOnce() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.succeed("sync")
    let base = try await site.sql("SELECT base FROM rollcall.directory; UPDATE rollcall.directory SET base = NULL")
    // Whoever has looked for others waits here before it records its own base; then there is one.
    let other = Task {
      try await site.sql(
        """
        BEGIN; LOCK TABLE rollcall.directory IN SHARE ROW EXCLUSIVE MODE;
        DO $$ DECLARE until constant timestamptz := clock_timestamp() + interval '60 s'; BEGIN
          WHILE clock_timestamp() < until AND NOT EXISTS (
            SELECT FROM pg_locks WHERE relation = 'rollcall.directory'::regclass AND NOT granted) LOOP
            PERFORM pg_sleep(0.01);
          END LOOP;
        END $$;
        UPDATE rollcall.directory SET base = '\(base)' WHERE name = '\(site.name)'; COMMIT
        """)
    }
    try await soon("the table is locked") {
      try await site.sql(
        """
        SELECT count(*) FROM pg_locks
        WHERE relation = 'rollcall.directory'::regclass AND mode = 'ShareRowExclusiveLock' AND granted
        """) == "1"
    }
    let rival = try site.with("name: \(site.name)\n", "name: rival\n")
    let ran = try await rival.rollcall("sync")
    _ = try await other.value
    #expect(ran.code == 1 && ran.errors.contains("\"\(site.name)\" already manages"), "\(ran.words)")
    #expect(try await site.sql("SELECT base IS NULL FROM rollcall.directory WHERE name = 'rival'") == "t")
    try await site.succeed("sync")
  }

  /// Also where nobody is in the table yet.
  @Test(arguments: [
    ("plan", "mail: email", "mail: e_mail", "users.attributes.mail: column \"e_mail\" does not exist"),
    ("sync --full", "mail: email", "mail: e_mail", "users.attributes.mail: column \"e_mail\" does not exist"),
    ("plan", "key: id", "key: idd", "source.key: column "),
    ("plan", "base: ", "base: ou=nowhere,", "users.base does not exist, or the account of directory.bind may not read"),
  ])
  func aMistakeOfTheFileHasItsPlace(_ command: String, _ right: String, _ wrong: String, _ words: String) async throws {
    let site = try await House.shared.site()
    try await site.install()
    let bad = try site.with(right, wrong)
    let ran = try await Rollcall.run(
      command.split(separator: " ").map(String.init) + ["--config", bad.file], environment: bad.environment)
    #expect(ran.code == 1 && ran.errors.contains(words), "\(ran.errors)")
    if !words.contains("users.base") { #expect(ran.errors.contains(".yaml:"), "\(ran.errors)") }
  }

  @Test func aRefusedBindNamesTheServer() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let bad = try site.with("dn: \"cn=rollcall,", "dn: \"cn=nobody,")
    let ran = try await Rollcall.run(["plan", "--config", bad.file], environment: bad.environment)
    #expect(ran.code == 1 && ran.errors.contains("bind cn=nobody,"), "\(ran.errors)")
    #expect(ran.errors.contains(" at ldap") && ran.errors.contains("check the bind DN"), "\(ran.errors)")
    site.expectNoSecret(ran.words, #_sourceLocation)
  }
}
