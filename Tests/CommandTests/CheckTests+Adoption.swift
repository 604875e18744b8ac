import Sandbox
import Testing

extension CheckTests {
  /// People who were made before Rollcall, somewhere else.
  @Test func peopleWithoutALink() async throws {
    let site = try await installed()
    try await site.hire(["unada", "uneve"])
    try await site.succeed("sync")
    func add(_ name: String) async throws {
      try await site.directory.modify(
        "dn: uid=\(name),ou=staff,\(site.base)\nchangetype: add\nobjectClass: inetOrgPerson\nuid: \(name)\ncn: x\nsn: x\n"
      )
    }
    try await site.directory.modify("dn: ou=staff,\(site.base)\nchangetype: add\nobjectClass: organizationalUnit\n")
    // Somebody's second account, and one that nobody of the roster has.
    try await add("unada")
    try await add("unother")
    #expect(try await !site.succeed("check").output.contains("users.adopt"))
    try await site.hire(["unzoe"], from: 3)
    try await add("unzoe")
    let words =
      "users.adopt: an entry without employeeNumber looks like a person of the roster: uid=unzoe,ou=staff,\(site.base) "
      + "has the uid of person 3; such people"
    try await find(words, site, code: 0)
    let adopting = try site.with("link: employeeNumber", "link: employeeNumber\n  adopt: { by: uid }")
    let ran = try await adopting.succeed("check")
    #expect(!ran.output.contains("looks like a person"))
    try await find(
      "users.adopt.below: ou=nowhere,\(site.base) does not exist",
      site.with(
        "link: employeeNumber", "link: employeeNumber\n  adopt: { by: uid, below: \"ou=nowhere,\(site.base)\" }"))
  }

  /// Outside of the base the account needs rights, too: entries leave that place.
  @Test func anAccountThatMayNotMoveThem() async throws {
    let site = try await installed()
    let old = "ou=old-\(site.name),dc=example,dc=com"
    try await site.directory.modify("dn: \(old)\nchangetype: add\nobjectClass: organizationalUnit\n")
    try await site.directory.modify(
      "dn: uid=unhand,\(old)\nchangetype: add\nobjectClass: inetOrgPerson\ncn: x\nsn: x\n")
    let adopting = try site.with(
      "link: employeeNumber", "link: employeeNumber\n  adopt: { by: uid, below: \"\(old)\" }")
    try await find("users.adopt.below: this account may not move uid=unhand,\(old); give it write access", adopting)
    let users = "ou=old-\(site.name),\(site.directory.usersBase)"
    try await site.directory.modify("dn: \(users)\nchangetype: add\nobjectClass: organizationalUnit\n")
    try await site.directory.modify(
      "dn: uid=unhand,\(users)\nchangetype: add\nobjectClass: inetOrgPerson\ncn: x\nsn: x\n")
    #expect(try await !adopting.with(old, users).succeed("check").output.contains("users.adopt.below: this account"))
  }

  /// They are found however many people are in step, by mail, too, and only where they are in scope.
  @Test func fewAmongManyWithoutALink() async throws {
    let site = try await installed().with("key: id", "key: id\n  where: id < 305")
    try await site.sql(
      "INSERT INTO users SELECT n, 'unm' || n, 'unm' || n || '@example.com', 'Full', 'active' "
        + "FROM generate_series(1, 300) n")
    try await site.succeed("sync")
    try await site.directory.modify("dn: ou=staff,\(site.base)\nchangetype: add\nobjectClass: organizationalUnit\n")
    // The second has a name that needs escapes.
    for (name, mail) in [("unm301", "x"), ("un\\, o'*(m", "UNM302@example.com"), ("unm304", "x"), ("unm305", "x")] {
      try await site.directory.modify(
        "dn: uid=\(name),ou=staff,\(site.base)\nchangetype: add\nobjectClass: inetOrgPerson\ncn: x\nsn: x\nmail: \(mail)\n"
      )
    }
    try await site.hire((301...305).map { "unm\($0)" }, from: 301)
    let ran = try await site.succeed("check")
    #expect(ran.output.contains("3 entries without employeeNumber look like people of the roster"), "\(ran.output)")
    #expect(ran.output.contains("uid=unm301,ou=staff,\(site.base) has the uid of person 301"), "\(ran.output)")
    try await site.sql("DELETE FROM users WHERE id IN (301, 304)")
    let by = "has the mail of person 302"
    #expect(try await site.succeed("check").output.contains(by))
  }
}
