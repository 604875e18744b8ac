import Foundation
import Sandbox
import Testing

/// `rollcall init` as a person runs it.
@Suite struct InitTests {
  private func initialize(
    _ site: Site, _ arguments: [String], _ more: [String: String] = [:], location: SourceLocation = #_sourceLocation
  ) async throws -> Ran {
    let ran = try await Rollcall.run(["init"] + arguments, environment: site.environment.merging(more) { $1 })
    site.expectNoSecret(ran.words, location)
    return ran
  }

  private func flags(_ site: Site) -> [String] {
    [
      "--connection", site.owner, "--table", "users", "--url", site.directory.url, "--bind-dn",
      site.directory.accountDN, "--base", site.base, "--name", site.name, "--role", site.role,
    ]
  }

  @Test("the configuration on standard output is all that check and sync need")
  func asItIs() async throws {
    var site = try await House.shared.site()
    let told = try await initialize(site, flags(site))
    // The role exists, and may not read the table yet.
    #expect(
      told.code == 1 && told.errors.contains("GRANT SELECT ON public.users TO \"\(site.role)\";"), "\(told.words)")
    #expect(!told.errors.contains("CREATE ROLE"))
    let applied = try await initialize(site, flags(site) + ["--apply"])
    #expect(applied.errors.contains("added: let \(site.role) read public.users\n"), "\(applied.words)")
    let ran = try await initialize(site, flags(site))
    #expect(ran.code == 0 && ran.errors.isEmpty, "\(ran.words)")
    #expect(!ran.output.contains(site.environment["DB_PASSWORD"] ?? "?"))
    site = try site.with(site.yaml, ran.output)
    site.environment["PGPASSWORD"] = site.environment["DB_PASSWORD"]
    try await site.install()
    try await site.succeed("check")
    try await site.hire(["ada", "bob"])
    try await site.succeed("sync")
    #expect(try await site.directory.search(base: site.base, filter: "(uid=ada)").contains("employeeNumber: 1\n"))
  }

  @Test("columns, values and tables with hostile names make a configuration that check accepts")
  func hostile() async throws {
    var settings = SiteSettings()
    settings.schema = #"""
      CREATE SCHEMA "HR: x";
      CREATE TABLE "HR: x"."Leute, ""alle"": #1" ("Id: #" int PRIMARY KEY, "user name" text, "e-mail" text,
        "Vor: name" text, "Nach
      name" text, status text, "select" text);
      COMMENT ON COLUMN "HR: x"."Leute, ""alle"": #1"."Vor: name" IS 'Vorname';
      COMMENT ON COLUMN "HR: x"."Leute, ""alle"": #1"."Nach
      name" IS E'Nachname\nname: evil';
      COMMENT ON TABLE "HR: x"."Leute, ""alle"": #1" IS E'x\nname: evil';
      INSERT INTO "HR: x"."Leute, ""alle"": #1" VALUES (1, 'ada', 'a@x.org', 'Ada', 'Lovelace', 'aktiv''"x
      ${HOME}'), (2, 'bob', 'b@x.org', 'Bob', 'Kahn', 'active');
      """#
    var site = try await House.shared.site(settings)
    var flags = flags(site)
    flags[3] = #""HR: x"."Leute, ""alle"": #1""#
    let applied = try await initialize(site, flags + ["--apply"])
    #expect(applied.errors.contains("added: "), "\(applied.words)")
    let ran = try await initialize(site, flags)
    #expect(ran.code == 0, "\(ran.words)")
    site = try site.with(site.yaml, ran.output)
    site.environment["PGPASSWORD"] = site.environment["DB_PASSWORD"]
    try await site.install()
    let checked = try await site.succeed("check")
    #expect(!checked.output.contains("error:"))
    try await site.succeed("sync")
    let entry = try await site.directory.search(base: site.base, filter: "(uid=bob)")
    #expect(entry.contains("givenName: Bob\n") && entry.contains("sn: Kahn\n"), "\(entry)")
  }

  @Test(
    "what is missing is told, and there is no configuration",
    arguments: [
      (["--table", "nobody"], "there is no table"), (["--table", "a.b.c"], "has more parts"),
      (["--key", "nothing"], "has no column \"nothing\", which --key names"),
      (["--bind-dn", "cn=nobody,dc=example,dc=com"], "invalidCredentials"),
    ])
  func missing(_ change: [String], _ words: String) async throws {
    let site = try await House.shared.site()
    var flags = flags(site)
    if let position = flags.firstIndex(of: change[0]) { flags.removeSubrange(position...position + 1) }
    let ran = try await initialize(site, flags + change)
    #expect(ran.code == 1 && ran.output.isEmpty && ran.errors.contains(words), "\(ran.words)")
  }

  @Test func usage() async throws {
    for arguments in [["--table", "x"], ["--url", "ldap://x"], ["--table", "x", "--url", "http://x"]] {
      let ran = try await Rollcall.run(["init"] + arguments)
      #expect(ran.code == 64 && ran.output.isEmpty, "\(arguments)")
    }
  }

  @Test("on a terminal it asks for what is not given, and shows no password")
  func questions() async throws {
    let site = try await House.shared.site()
    let flags =
      "--connection '\(site.owner)' --bind-dn \(site.directory.accountDN) --base \(site.base) --role \(site.role)"
    let file = "\(site.folder.path)/\(site.name)-asked.yaml"
    let answers = try site.folder.write(
      "\(site.directory.url)\n\n\(site.directory.accountPassword)\n", to: "\(site.name).answers")
    let script = try site.folder.write(
      "exec \(Rollcall.program) init \(flags) --name \(site.name) > \(file)\n", to: "\(site.name).sh")
    // The pseudo-terminal is at an end when its input is, so that stays open until the command has gone.
    let ran = try await Rollcall.shell(
      "(cat \(answers); until grep -qs inactive: \(file); do sleep 0.1; done) | script -qec 'sh \(script)' /dev/null")
    #expect(ran.output.contains("The directory's URL [ldapi:///]: "), "\(ran.words)")
    #expect(ran.output.contains("The table of people (public.users) [public.users]: "), "\(ran.words)")
    #expect(ran.output.contains("Password of \(site.directory.accountDN)"))
    let text = try Readable.text(of: file)
    #expect(text.contains("table: public.users") && !text.contains(site.directory.accountPassword))
  }

  @Test("a slapd as Debian ships it has with --apply all that it needs, and once only")
  func slapd() async throws {
    var site = try await House.shared.site()
    var options = OpenLDAPOptions()
    options.durable = false
    options.indexes = ["objectClass", "uid"]
    options.sizeLimit = 500
    let root = "gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth"
    options.globalLines = [
      "database config", "rootdn cn=config", "access to * by dn.exact=\"\(root)\" manage by * none",
    ]
    let server = try await DirectoryServer.start(in: site.folder, options: options)
    let admin = "-x -H \(server.url) -D \(server.adminDN) -w \(server.adminPassword)"
    let emptied = try await Rollcall.shell(
      "ldapdelete -r \(admin) \(server.usersBase) \(server.groupsBase) \(server.accountDN)")
    #expect(emptied.code == 0, "\(emptied.words)")
    let socket = "-Q -Y EXTERNAL -H \(server.socketURL)"
    let rules = try site.folder.write(
      "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nreplace: olcAccess\n"
        + "olcAccess: to attrs=userPassword by self write by anonymous auth by * none\nolcAccess: to * by * read\n",
      to: "\(site.name)-debian.ldif")
    let asDebian = try await Rollcall.shell("ldapmodify \(socket) -f \(rules)")
    #expect(asDebian.code == 0, "\(asDebian.words)")
    let password = "\(site.folder.path)/\(site.name).password"
    let flags = [
      "--connection", site.owner, "--table", "users", "--url", server.url, "--socket", server.socketURL, "--name",
      site.name, "--role", site.role, "--password-file", password,
    ]
    let told = try await initialize(site, flags)
    #expect(
      told.code == 1 && told.output.replacing(#/\n *# /#, with: " ").contains("THE MARK KEEPS NOBODY FROM LOGGING IN"),
      "\(told.words)")
    for words in [
      "the base, the account;", "its rights, the index, its limits, the module ppolicy, the overlay ppolicy;",
    ] {
      #expect(told.errors.contains("missing: in slapd: \(words)"), "\(told.words)")
    }
    #expect(told.errors.contains("\nolcDbIndex: employeeNumber eq\n") && !told.errors.contains("added"))
    // Without the administrator's password the configuration is completed, and the rest is told.
    let half = try await initialize(site, flags + ["--apply"])
    #expect(half.code == 1 && half.errors.contains("added: the index\n"), "\(half.words)")
    #expect(
      half.errors.contains(
        "the account: it takes the password of the directory's administrator, in LDAP_ADMIN_PASSWORD"))
    let whole = try await initialize(site, flags + ["--apply"], ["LDAP_ADMIN_PASSWORD": server.adminPassword])
    #expect(whole.code == 0 && whole.errors.contains("added: a password in \(password)\n"), "\(whole.words)")
    #expect(whole.errors.contains("added: the account\n") && !whole.errors.contains("added: the index"))
    let secret = try Readable.text(of: password)
    #expect(secret.count > 20 && !whole.words.contains(secret.dropLast()))
    let mode = try FileManager.default.attributesOfItem(atPath: password)[.posixPermissions] as? Int
    #expect(mode == 0o600 || mode == 0o640)
    let again = try await initialize(site, flags + ["--apply"])
    #expect(again.code == 0 && again.errors.isEmpty && again.output == whole.output, "\(again.words)")

    site = try site.with(site.yaml, again.output)
    site.environment["PGPASSWORD"] = site.environment["DB_PASSWORD"]
    try await site.install()
    let checked = try await site.succeed("check")
    #expect(checked.output.contains("the overlay ppolicy is there"))
    #expect(
      checked.output.contains("this account may add and delete entries here")
        || checked.output.contains("may add entries"))
    try await site.hire(["ada", "bob"])
    try await site.sql("UPDATE users SET status = 'left' WHERE id = 2")
    try await site.succeed("sync")
    let locked = try await server.search(
      base: server.usersBase, filter: "(pwdAccountLockedTime=*)", attributes: ["pwdAccountLockedTime"])
    #expect(locked.contains("uid=bob,") && !locked.contains("uid=ada,"))
    await server.stop()
  }
}
