import Foundation
import Sandbox
import Testing

/// What `check` says of rights and limits, of both sides.
extension CheckTests {
  /// An account like ours that may only read.
  private func reader(_ site: Site) async throws -> Site {
    let other = "cn=other,\(site.base)"
    try await site.directory.modify(
      "dn: \(other)\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: other\n"
        + "userPassword: \(site.directory.accountPassword)\n")
    return try site.with(site.directory.accountDN, other)
  }

  /// slapd tells nobody's rights: it is asked by writes that cannot succeed.
  @Test func whatTheAccountMayWrite() async throws {
    let site = try await installed()
    let reader = try await reader(site)
    let everything = {
      try await site.directory.search(base: site.base, filter: "(objectClass=*)", attributes: ["*", "entryCSN"])
    }
    var before = try await everything()
    try await find(
      "users.base: this account may not add entries below \(site.base) (no write access to parent)",
      reader)
    try await find(
      "users.base: this account may add entries here; which attributes it may change can be tested once "
        + "there is an entry of Rollcall's", site, code: 0)
    #expect(try await everything() == before)
    try await site.hire(["ada"])
    try await site.succeed("sync")
    before = try await everything()
    try await find("users.base: this account may not write employeeNumber, uid, cn, sn, mail, employeeType of", reader)
    try await find("users.base: this account may not rename or delete uid=ada,\(site.base)", reader)
    try await find("users.base: this account may write uid=ada,\(site.base)", site, code: 0)
    #expect(try await everything() == before)
  }

  @Test func whatTheAccountMayWriteOfGroups() async throws {
    let site = try await installed()
    let groups = "ou=groups,dc=example,dc=com"
    let settings = "\ngroups: { base: \"\(groups)\", membership: \"ARRAY['\(site.name)']\" }"
    let own = try site.with(site.yaml, site.yaml + settings)
    try await own.install()
    let reader = try await reader(own)
    try await find("groups.base: this account may not add entries below \(groups) (no write access to parent)", reader)
    try await find(
      "groups.base: this account may add entries here; whether it may change member can be tested once", own, code: 0)
    try await own.hire(["ada"])
    try await own.succeed("sync")
    try await find("groups.base: this account may not write member of cn=\(site.name),\(groups)", reader)
    try await find("groups.base: this account may write cn=\(site.name),\(groups)", own, code: 0)
  }

  /// A site on a slapd whose configuration the account may read.
  private func withLimits(
    _ size: Int?, _ lines: [String] = [], people: Int, _ body: (Site, DirectoryServer) async throws -> Void
  ) async throws {
    let site = try await installed()
    var options = OpenLDAPOptions()
    options.durable = false
    options.sizeLimit = size
    options.databaseLines = lines
    options.globalLines = ["database config", "access to * by * read"]
    let server = try await DirectoryServer.start(in: site.folder, options: options)
    var own = try site.with(site.directory.url, server.url).with("base: \(site.base)", "base: \(server.usersBase)")
    own.environment["LDAP_PASSWORD"] = server.accountPassword
    try await site.sql(
      "INSERT INTO users SELECT n, 'u' || n, 'x', 'F ' || n, 'active' FROM generate_series(1, \(people)) AS n")
    try await body(own, server)
    await server.stop()
  }

  @Test(arguments: [
    (Int?.none, [String](), 20, "ok", "this account may see any number of entries"),
    (500, [], 20, "ok", "the server ends this account's searches after 500 entries, and there will be 20"),
    (
      500, [], 300, "warning",
      "the server ends this account's searches after 500 entries, and there will be 300; lift it"
    ),
    (
      500, [], 501, "error", "the server ends this account's searches after 500 entries, and there will be 501; lift it"
    ),
    (
      500, ["limits dn.exact=\"cn=rollcall,dc=example,dc=com\" size=unlimited"], 501, "ok",
      "this account may see any number of entries"
    ),
  ])
  func theSizeLimitWhereItCanBeRead(
    _ size: Int?, _ lines: [String], _ people: Int, _ level: String, _ words: String
  ) async throws {
    try await withLimits(size, lines, people: people) { site, server in
      try await find("\(level): \(server.usersBase): \(words)", site, code: level == "error" ? 1 : 0)
    }
  }

  /// Everything that grants.sql grants is asked for, by `check` and before anything begins.
  @Test func eachRightOnTheSchema() async throws {
    let site = try await installed()
    let tables = try await site.sql(
      """
      SELECT format('%s ON rollcall.%I', p.privilege_type, c.relname), format('%s (%s)', c.relname, p.privilege_type)
      FROM pg_class AS c, aclexplode(c.relacl) AS p
      WHERE c.relnamespace = 'rollcall'::regnamespace AND p.grantee = '\(site.role)'::regrole
      UNION ALL SELECT format('EXECUTE ON FUNCTION %s', f.oid::regprocedure), format('%s (EXECUTE)', f.proname)
      FROM pg_proc AS f, aclexplode(f.proacl) AS p
      WHERE f.pronamespace = 'rollcall'::regnamespace AND p.grantee = '\(site.role)'::regrole
      """)
    let rights = tables.split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
    #expect(rights.count > 40)
    for right in rights {
      try await site.sql("REVOKE \(right[0]) FROM \(site.role)")
      let words = right[1].hasPrefix("version ") ? "lacks rights on the schema \"rollcall\"" : right[1]
      try await find(words, site)
      let ran = try await site.rollcall("sync")
      #expect(ran.code == 1 && ran.errors.contains(words), "\(right): \(ran.words)")
      try await site.sql("GRANT \(right[0]) TO \(site.role)")
    }
    try await site.succeed("sync")
  }

  @Test func aReaderWithoutItsGrants() async throws {
    let site = try await installed()
    try await site.sql("CREATE ROLE reader_\(site.name) LOGIN")
    let reader = site.postgres.conninfo(user: "reader_\(site.name)", database: site.name)
    let other = try site.with("source:\n", "source:\n  reader: \"\(reader)\"\n")
    try await find("permission denied for table users; grant the role of source.reader what it needs: psql", other)
  }

  @Test("G15: code of others on the schema's tables, and the right to put it there, are named")
  func codeOfOthersOnTheSchema() async throws {
    let site = try await installed()
    try await site.sql(
      """
      GRANT TRIGGER ON rollcall.change TO \(site.role);
      CREATE FUNCTION public.theirs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER theirs AFTER DELETE ON rollcall.change EXECUTE FUNCTION public.theirs();
      """)
    let line = "schema rollcall: other roles' code can run with the schema's rights, and make HR's writes fail, through"
    let found = "the right TRIGGER of \(site.role) on rollcall.change, the trigger theirs of rollcall.change"
    try await find("\(line) \(found)", site, code: 0)
  }
}
