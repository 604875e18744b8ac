import Sandbox
import Testing

/// `check` finds each of these before anything is written, says where it is and what to do.
@Suite(.serialized) struct CheckTests {
  /// Runs `check`, which must find this.
  func find(
    _ line: String, _ site: Site, code: Int32 = 1, location: SourceLocation = #_sourceLocation
  ) async throws {
    let ran = try await site.rollcall("check")
    #expect(ran.code == code, "\(ran.words)", sourceLocation: location)
    let found = ran.output.split(separator: "\n").contains { $0.contains(line) }
    #expect(found, "\(ran.output)", sourceLocation: location)
  }

  func installed(_ settings: SiteSettings = SiteSettings()) async throws -> Site {
    let site = try await House.shared.site(settings)
    try await site.install()
    return site
  }

  @Test func everythingInPlace() async throws {
    let site = try await installed()
    try await site.hire(["ada"])
    try await site.succeed("sync")
    let ran = try await site.succeed("check")
    #expect(ran.errors.isEmpty)
    let lines = ran.output.split(separator: "\n")
    #expect(
      lines.allSatisfy {
        $0.hasPrefix("ok: ")
          || $0.hasPrefix("warning: ") && $0.contains(": source.reader: ")
      })
    #expect(lines.contains("ok: \(site.base): 1 linked entry"))
    #expect(
      lines.contains {
        $0.hasPrefix("ok: database \(site.name): PostgreSQL ") && $0.hasSuffix("connected as \(site.role)")
      })
    #expect(lines.contains { $0.hasSuffix("bound as dn:\(site.directory.accountDN)") })
  }

  // MARK: The mapping

  @Test func aWrongColumnHasItsPlaceAndPostgreSQLsWords() async throws {
    let site = try await installed()
    let wrong = try site.with("mail: email", "mail: emial")
    let line =
      wrong.yaml.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.contains("emial") }
      ?? 0
    try await find(
      "error: \(wrong.file):\(line + 1):11: users.attributes.mail: column \"emial\" does not exist (Perhaps you meant",
      wrong)
  }

  @Test(arguments: [
    ("mail: email", "mail: no_such_function(email)", "users.attributes.mail: function no_such_function("),
    ("mail: email", "mail: lower(email", "users.attributes.mail: syntax error at"),
    (
      "active: status = 'active'", "active: status", "source.active: argument of IS TRUE must be type boolean"
    ),
    ("key: id", "key: identity", "source.key: column roster.identity does not exist"),
    (
      "table: public.users", "table: public.people", "source.table: relation \"public.people\" does not exist"
    ),
  ])
  func whatPostgreSQLDoesNotTake(_ piece: String, _ wrong: String, _ words: String) async throws {
    try await find(words, try await installed().with(piece, wrong))
  }

  @Test func everyMistakeInOneGo() async throws {
    let site = try await installed().with("mail: email", "mail: emial\n    title: titel")
    let ran = try await site.rollcall("check")
    #expect(ran.output.contains("column \"emial\"") && ran.output.contains("column \"titel\""))
  }

  @Test func aKeyThatCannotBeOne() async throws {
    let site = try await installed()
    try await site.sql("ALTER TABLE users ADD number numeric UNIQUE")
    try await find(
      "source.key: the column's type cannot be a key; it must be an integer,",
      site.with("key: id", "key: number"))
    try await site.sql("INSERT INTO users (id, username) VALUES (1, 'same'), (2, 'same')")
    let doubled = try site.with("key: id", "key: username")
    try await find("source.key: 1 row with a duplicate key or none", doubled)
    try await find("source.key: this column has no unique index of its own", doubled)
  }

  @Test func tablesThatAreReadAndNotWatched() async throws {
    let site = try await installed()
    try await site.sql("CREATE TABLE roles (user_id int, role text); GRANT SELECT ON roles TO \(site.role)")
    try await find(
      "users.attributes.title: reads public.roles (role, user_id), which is not watched; add it to source.watch",
      site.with(
        "mail: email", "mail: email\n    title: (SELECT min(role) FROM roles r WHERE r.user_id = roster.id)"))
  }

  @Test func whatWritesAndWhatBelongsToStrangers() async throws {
    let site = try await installed()
    try await site.sql(
      """
      CREATE SEQUENCE numbers; CREATE ROLE \(site.name)_stranger;
      CREATE FUNCTION nice(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
      ALTER FUNCTION nice(text) OWNER TO \(site.name)_stranger;
      """)
    try await find(
      "users.attributes.title: calls nextval(), which PostgreSQL refuses",
      site.with("mail: email", "mail: email\n    title: nextval('numbers')"))
    try await find(
      "users.attributes.title: calls public.nice(text), which belongs to \(site.name)_stranger: neither a superuser",
      site.with("mail: email", "mail: email\n    title: nice(email)"), code: 0)
  }

  @Test(arguments: [
    ("to_char(now(), 'YYYY')", "now() changes its value although no row changes"),
    ("CURRENT_DATE::text", "CURRENT_DATE changes its value although no row changes"),
    ("age(timestamp '2000-01-01')::text", "age() changes its value although no row changes"),
    ("random()::text", "random() changes its value although no row changes"),
    ("opaque(id)", "calls public.opaque(integer), and Rollcall cannot tell what it depends on"),
  ])
  func valuesThatChangeByThemselves(_ expression: String, _ words: String) async throws {
    let site = try await installed()
    try await site.sql("CREATE FUNCTION opaque(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1::text'")
    try await find(
      "users.attributes.title: \(words)",
      site.with("mail: email", "mail: email\n    title: \(expression)"), code: 0)
  }

  @Test func whatOnlySettingsDecideIsNoWarning() async throws {
    let site = try await installed().with(
      "mail: email", "mail: email\n    title: concat(username, ' ', to_char(id, '999'))")
    let ran = try await site.succeed("check")
    #expect(!ran.output.contains("users.attributes.title"))
  }

  // MARK: The database

  @Test func aRightThatIsMissing() async throws {
    let site = try await installed()
    try await site.sql("REVOKE SELECT ON users FROM \(site.role)")
    try await find("source.table: permission denied for table users; run: rollcall install", site)
    try await site.sql("REVOKE INSERT ON rollcall.directory FROM \(site.role)")
    try await find("schema rollcall: this role lacks rights: directory (INSERT); run: rollcall install", site)
  }

  @Test func aPolicyThatHidesPeople() async throws {
    let site = try await installed()
    try await site.sql("ALTER TABLE users ENABLE ROW LEVEL SECURITY")
    try await find("source.table: query would be affected by row-level security policy", site)
  }

  @Test func triggersThatAreNotInOrder() async throws {
    let site = try await installed()
    try await site.sql("ALTER TABLE users DISABLE TRIGGER rollcall_insert")
    try await find(
      "error: public.users: its triggers are not in order: not enabled always: rollcall_insert", site)
    try await site.sql("SELECT rollcall.unwatch('users')")
    try await find(
      "error: public.users: has no triggers, so changes would not be noticed; run: rollcall install", site)
  }

  @Test func nothingInstalled() async throws {
    let site = try await House.shared.site()
    try await site.sql("GRANT SELECT ON users TO \(site.role)")
    try await find("error: database \(site.name): the schema \"rollcall\" is not installed", site)
  }

  // MARK: The directory

  @Test(arguments: [
    ("mail: email", "mial: email", "users.attributes.mial: the server knows no attribute \"mial\""),
    (
      "mail: email", "gidNumber: id",
      "users.attributes.gidNumber: none of the classes inetOrgPerson allows \"gidNumber\""
    ),
    (
      "mail: email", "createTimestamp: now()",
      "users.attributes.createTimestamp: only the server itself writes"
    ),
    (
      "mail: email", "displayName: ARRAY[email]",
      "users.attributes.displayName: \"displayName\" takes one value"
    ),
    ("uid: username", "uid: ARRAY[username]", "users.attributes.uid: names the entry and takes one value"),
    (
      "cn: full_name\n", "description: full_name\n",
      "users.classes: the classes demand cn, which nothing maps"
    ),
    (
      "link: employeeNumber", "link: employeeNumber\n  classes: [inetOrgPersn]",
      "users.classes: the server knows no class"
    ),
    (
      "link: employeeNumber", "link: employeeNumber\n  classes: [posixAccount]",
      "none of the classes is structural"
    ),
    (
      "link: employeeNumber", "link: employeeNumber\n  classes: [inetOrgPerson, { organizationalUnit: 'true' }]",
      "users.classes.organizationalUnit: organizationalUnit is structural, and only an auxiliary class can be added and removed"
    ),
    (
      "link: employeeNumber", "link: employeeNumber\n  classes: [inetOrgPerson, { posixAccount: username }]",
      "users.classes.posixAccount: argument of IS TRUE must be type boolean"
    ),
    (
      "{ employeeType: disabled }", "{ loginShell: /bin/false }",
      "users.disable.loginShell: none of the classes"
    ),
  ])
  func whatTheSchemaDoesNotTake(_ piece: String, _ wrong: String, _ words: String) async throws {
    try await find(words, try await installed().with(piece, wrong))
  }

  @Test func aBaseThatIsNotThere() async throws {
    let site = try await installed()
    try await find(
      "users.base: ou=nowhere,dc=example,dc=com does not exist, or this account may not read it",
      site.with("base: \(site.base)", "base: ou=nowhere,dc=example,dc=com"))
  }

  /// As Debian ships it: no index on the link, 500 entries a search, no ppolicy.
  @Test func aStockSlapd() async throws {
    let site = try await installed()
    var options = OpenLDAPOptions()
    options.durable = false
    options.indexes = ["objectClass", "cn", "uid", "uidNumber", "gidNumber", "member", "memberUid"]
    options.sizeLimit = 500
    let stock = try await DirectoryServer.start(in: site.folder, options: options)
    var own = try site.with(site.directory.url, stock.url).with(
      "disable: { employeeType: disabled }", "disable: {}"
    )
    .with("base: \(site.base)", "base: \(stock.usersBase)")
    own.environment["LDAP_PASSWORD"] = stock.accountPassword
    let account = "cn=rollcall,dc=example,dc=com"
    try await find(
      "error: \(own.file):15:3: users.disable: slapd disables accounts with the overlay ppolicy", own)
    // It has no index, but nobody can tell that from one that the account may not see.
    try await find("users.link: this account cannot see whether employeeNumber has an equality index", own)
    try await find("add to the database's entry in cn=config olcDbIndex: employeeNumber eq", own)
    try await site.sql(
      "INSERT INTO users SELECT n, 'u' || n, 'x', 'F ' || n, 'active' FROM generate_series(1, 501) AS n")
    try await find(
      "warning: \(stock.usersBase): there will be 501 entries; whether this account may see more", own)
    let people = (1...501).map {
      "dn: uid=u\($0),\(stock.usersBase)\nobjectClass: inetOrgPerson\nuid: u\($0)\ncn: F\nsn: F\nemployeeNumber: \($0)\n"
    }
    try await stock.modify(people.joined(separator: "\n"))
    try await find(
      "error: \(stock.usersBase): the server ends this account's searches after 500 entries", own)
    try await find(
      "lift it for \(account); slapd: add to the database's entry in cn=config olcLimits: dn.exact=\"\(account)\" size=unlimited",
      own)
    await stock.stop()
  }

  @Test(arguments: [(["employeeNumber"], "ok", Int32(0)), (["uid"], "error", 1)])
  func theIndexWhereItCanBeRead(_ indexes: [String], _ level: String, _ code: Int32) async throws {
    let site = try await installed()
    var options = OpenLDAPOptions()
    options.durable = false
    options.indexes = indexes
    options.globalLines = ["database config", "access to * by * read"]
    let server = try await DirectoryServer.start(in: site.folder, options: options)
    var own = try site.with(site.directory.url, server.url).with(
      "base: \(site.base)", "base: \(server.usersBase)")
    own.environment["LDAP_PASSWORD"] = server.accountPassword
    let ran = try await own.rollcall("check")
    #expect(ran.code == code, "\(ran.output)")
    #expect(
      ran.output.contains("users.link: employeeNumber has \(level == "ok" ? "an" : "no") equality index"))
    #expect(ran.output.contains("\n\(level): \(own.file)"))
    await server.stop()
  }
}
