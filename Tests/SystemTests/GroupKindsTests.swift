import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Groups of other classes, groups made by hand, and what is done with empty ones.
@Suite struct GroupKindsTests {
  @Test func unixGroupsCarryNamesAndGetTheirNumbersFromSQL() async throws {
    var settings = SiteSettings.groups(
      """
      classes: [posixGroup]
      member: memberUid
      attributes: { gidNumber: 1000 + (SELECT n FROM unix_groups g WHERE g.name = roster_group.name) }
      """)
    settings.schema += """

      CREATE TABLE unix_groups (name text, n int); INSERT INTO unix_groups VALUES ('devs', 1);
      GRANT SELECT ON unix_groups TO PUBLIC;
      """
    let site = try await World.shared.site(settings)
    try await site.sql("GRANT SELECT ON unix_groups TO \(site.name)")
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs"), (2, "devs")])
    try await site.sync()
    #expect(try await site.members("devs", "memberUid") == ["ann", "ben"])
    #expect(try await site.search("cn=devs,\(site.groupsBase)")?["gidNumber"] == ["1001"])
    try await site.sql("UPDATE users SET username = 'Ann' WHERE id = 1; DELETE FROM users WHERE id = 2")
    try await site.sync()
    #expect(try await site.members("devs", "memberUid") == ["Ann"])
    try await site.expectInStep()
    // The class demands a number and the table has none: her groups are set aside, she is not.
    try await site.sql("INSERT INTO users VALUES (3, 'cid', 'x', 'Cid', 'active', now())")
    try await site.grant([(3, "ops"), (1, "ops")])
    try await site.sync()
    #expect(try await site.names() == ["Ann", "cid"])
    #expect(try await site.parked() == ["1|schema", "3|schema"])
    let message = try await site.sql("SELECT message FROM rollcall.parked WHERE key = '3'")
    #expect(message.contains("key 3") && message.contains("cn=ops") && message.contains("gidNumber"))
    try await site.sql("DELETE FROM user_roles WHERE role = 'ops'")
    try await site.sync()
    #expect(try await site.members("devs", "memberUid") == ["Ann"])
    try await site.expectInStep()
  }

  @Test func rolesOfAnEnumerationNameGroupsToo() async throws {
    var settings = SiteSettings.groups()
    settings.schema += """

      CREATE TYPE role AS ENUM ('devs', 'ops'); ALTER TABLE users ADD roles role[];
      """
    settings.groups = "membership: roles"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann"])
    try await site.sql("UPDATE users SET roles = '{devs,ops,NULL}'")
    try await site.sync()
    #expect(try await site.groupNames() == ["devs", "ops"])
    try await site.expectInStep()
  }

  @Test("G6: only members that are ours are touched") func onlyMembersThatAreOursAreTouched() async throws {
    let site = try await World.shared.site(
      .groups("classes: [groupOfUniqueNames]\nmember: uniqueMember\nadopt: [devs]"))
    try await site.insert(["ann", "ben", "cid"])
    try await site.sync()
    let foreign = ["cn=guest,dc=elsewhere", "uid=gone,\(site.base)", "uid=ann,\(site.base)#'0101'B"]
    try await site.directory.modify(
      """
      dn: cn=devs,\(site.groupsBase)
      changetype: add
      objectClass: groupOfUniqueNames
      cn: devs
      description: by hand
      uniqueMember: uid=ben,\(site.base)
      uniqueMember: uid=cid,\(site.base)
      \(foreign.map { "uniqueMember: \($0)" }.joined(separator: "\n"))
      """)
    // No row names it: it is nobody's business.
    try await site.sync(full: true)
    #expect(try await site.members("devs", "uniqueMember")?.count == 5)
    try await site.grant([(3, "devs")])
    #expect(try await site.planned() == ["2 leave"])
    try await site.sync()
    let left = try await site.search("cn=devs,\(site.groupsBase)")?["uniqueMember"].compactMap(\.text)
      .sorted()
    #expect(left == (foreign + ["uid=cid,\(site.base)"]).sorted())
    try await site.expectInStep()
    // It goes on without ours, and was not made by us: it stays.
    try await site.sql("DELETE FROM users")
    try await site.sync()
    let last = try await site.search("cn=devs,\(site.groupsBase)")
    #expect(last?["uniqueMember"].count == 3 && last?["description"] == ["by hand"])
    try await site.expectInStep()
  }

  @Test func aPlaceholderStaysAndDoesNotCount() async throws {
    let site = try await World.shared.site(.groups("placeholder: cn=nobody"))
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs"), (2, "devs")])
    try await site.sync()
    #expect(try await site.members("devs") == ["ann", "ben", "cn=nobody"])
    try await site.sql("DELETE FROM user_roles WHERE user_id = 1")
    try await site.sync()
    #expect(try await site.members("devs") == ["ben", "cn=nobody"])
    try await site.sql("DELETE FROM user_roles")
    try await site.sync()
    #expect(try await site.members("devs") == nil)
    try await site.expectInStep()
  }

  @Test func anEmptyGroupIsKeptWithItsPlaceholder() async throws {
    let site = try await World.shared.site(.groups("placeholder: cn=nobody\nempty: keep"))
    try await site.insert(["ann"])
    try await site.grant([(1, "devs")])
    try await site.sync()
    try await site.sql("DELETE FROM users")
    try await site.sync()
    #expect(try await site.members("devs") == ["cn=nobody"])
    try await site.expectInStep()
  }

  @Test func aGroupThatCannotLoseItsLastMemberIsReported() async throws {
    let site = try await World.shared.site(.groups("empty: keep"))
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs")])
    try await site.sync()
    try await site.sql("DELETE FROM users WHERE id = 1; UPDATE users SET email = 'other' WHERE id = 2")
    try await site.sync()
    #expect(try await site.parked() == ["1|group"])
    #expect(try await site.value("mail", of: "2") == "other")
    // Whoever takes her name would have her rights.
    #expect(try await site.names() == ["ann", "ben"])
    let message = try await site.sql("SELECT message FROM rollcall.parked")
    #expect(
      message.contains("key 1") && message.contains("cn=devs") && message.contains("groups.placeholder"))
  }

  @Test func whoIsToBeKeptOutIsDisabledThoughAGroupCannotFollow() async throws {
    var settings = SiteSettings.groups("empty: keep")
    settings.users += "\n  removed: disable"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann"])
    try await site.grant([(1, "devs")])
    try await site.sync()
    try await site.sql("DELETE FROM users")
    try await site.sync()
    #expect(try await site.parked() == ["1|group"])
    #expect(try await site.members("devs") == ["ann"])
    #expect(try await site.value("employeeType", of: "1") == "disabled")
  }

  @Test func groupsAreNotMadeWhereThatIsNotWanted() async throws {
    let site = try await World.shared.site(.groups("create: false\nadopt: true"))
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs"), (2, "ops")])
    try await site.directory.modify(
      "dn: cn=ops,\(site.groupsBase)\nchangetype: add\nobjectClass: groupOfNames\ncn: ops\nmember: cn=nobody\n"
    )
    try await site.sync()
    #expect(try await site.names() == ["ann", "ben"])
    #expect(try await site.parked() == ["1|group"])
    #expect(try await site.members("ops") == ["ben", "cn=nobody"])
    #expect(try await site.members("devs") == nil)
  }

  @Test func disabledOrphansAreInNoGroup() async throws {
    var settings = SiteSettings.groups()
    settings.users += "\n  removed: disable"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs"), (2, "devs")])
    try await site.sync()
    try await site.sql("DELETE FROM users WHERE id = 1; UPDATE users SET status = 'left' WHERE id = 2")
    try await site.sync()
    #expect(try await site.members("devs") == ["ben"])
    #expect(try await site.value("employeeType", of: "1") == "disabled")
    #expect(try await site.value("employeeType", of: "2") == "disabled")
    try await site.expectInStep()
  }
}
