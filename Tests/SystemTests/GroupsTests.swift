import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// Groups follow the rows: joining, leaving, made, emptied, by notification.
@Suite struct GroupsTests {
  @Test func aGroupComesWithItsFirstMemberAndGoesWithItsLast() async throws {
    let site = try await World.shared.site(.groups())
    try await site.withDaemon { _ in
      try await site.insert(["ann", "ben"])
      try await site.grant([(1, "devs")])
      try await eventually("ann is in devs") { try await site.members("devs") == ["ann"] }
      try await site.grant([(2, "devs"), (2, "ops")])
      try await eventually("ben is in both") {
        let devs = try await site.members("devs")
        let ops = try await site.members("ops")
        return devs == ["ann", "ben"] && ops == ["ben"]
      }
      try await site.expectInStep()
      try await site.sql("DELETE FROM user_roles WHERE user_id = 1")
      try await eventually("ann is out of devs") { try await site.members("devs") == ["ben"] }
      try await site.sql("DELETE FROM users WHERE id = 2")
      try await eventually("ben and his groups are gone") {
        let devs = try await site.members("devs")
        let ops = try await site.members("ops")
        return devs == nil && ops == nil
      }
      try await eventually("he is gone") { try await site.names() == ["ann"] }
    }
    try await site.expectInStep()
    #expect(try await site.sql("SELECT count(*) FROM rollcall.managed_group") == "0")
  }

  @Test func awkwardNamesOfGroupsAndPeople() async throws {
    let site = try await World.shared.site(.groups())
    let roles = ["a,b", "#hash", "qu\"ote", "back\\slash", "ümläut", "*()", "a+b=c", "<a>;", "{x,y}"]
    try await site.sql("INSERT INTO users VALUES (1, $n$o'br,ien (x)\\$n$, 'x', 'Pat O', 'active', now())")
    for role in roles { try await site.sql("INSERT INTO user_roles VALUES (1, $r$\(role)$r$)") }
    try await site.sync()
    #expect(try await site.groupNames() == roles.sorted())
    try await site.expectInStep()
    try await site.sql("UPDATE users SET username = 'plain'; DELETE FROM user_roles WHERE role LIKE 'a%'")
    try await site.sync()
    #expect(try await site.groupNames() == roles.filter { !$0.hasPrefix("a") }.sorted())
    #expect(try await site.members("\\#hash") == ["plain"])
    try await site.expectInStep()
  }

  @Test func aRenameAndAMoveAreFollowed() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs"), (1, "ops"), (2, "devs")])
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.members("ops") == ["ann"] }
      try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
      try await eventually("the groups have followed") {
        let devs = try await site.members("devs")
        let ops = try await site.members("ops")
        return devs == ["anna", "ben"] && ops == ["anna"]
      }
      // A swap of names is no swap of memberships.
      try await site.sql("UPDATE users SET username = CASE id WHEN 1 THEN 'ben' ELSE 'anna' END")
      try await eventually("they have swapped") {
        [
          try await site.nameByKey(), try await site.members("ops"), try await site.members("devs"),
          try await site.parked(),
        ]
      } is: {
        $0 == [["ben", "anna"], ["ben"], ["anna", "ben"], []]
      }
      #expect(try await site.members("devs") == ["anna", "ben"])
      #expect(try await site.sql("SELECT count(*) FROM rollcall.renaming") == "0")
    }
    try await site.expectInStep()
  }

  @Test func aNameThatIsTakenOverBringsNoMemberships() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann"])
    try await site.grant([(1, "admins")])
    try await site.withDaemon { _ in
      try await eventually("ann is admin") { try await site.members("admins") == ["ann"] }
      try await site.sql(
        """
        UPDATE users SET username = 'anna' WHERE id = 1;
        INSERT INTO users VALUES (2, 'ann', 'x', 'Second Ann', 'active', now());
        """)
      try await eventually("the second has the name") { try await site.nameByKey() == ["anna", "ann"] }
      try await eventually("the first has the right") { try await site.members("admins") == ["anna"] }
      try await site.sql(
        """
        DELETE FROM users WHERE id = 1; DELETE FROM user_roles;
        INSERT INTO users VALUES (3, 'anna', 'x', 'Third', 'active', now());
        """)
      try await eventually("the third has the name and no group") {
        let names = try await site.nameByKey()
        let admins = try await site.members("admins")
        return names == ["ann", "anna"] && admins == nil
      }
    }
    try await site.expectInStep()
  }

  @Test func aGroupThatIsLostIsMadeAnewWithAllItsMembers() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert((1...200).map { "u\($0)" })
    try await site.sql("INSERT INTO user_roles SELECT id, 'staff' FROM users")
    try await site.withDaemon { _ in
      try await eventually("all are in") {
        try await site.members("staff")?.count == 200
      }
      try await site.directory.modify("dn: cn=staff,\(site.groupsBase)\nchangetype: delete\n")
      // The next look at one of them finds it missing.
      try await site.sql("UPDATE users SET email = 'new@example.com' WHERE id = 7")
      try await eventually("all are in again") {
        try await site.members("staff")?.count == 200
      }
    }
    try await site.expectInStep()
    try await site.directory.modify("dn: cn=staff,\(site.groupsBase)\nchangetype: delete\n")
    try await site.sync(full: true)
    #expect(try await site.members("staff")?.count == 200)
    try await site.expectInStep()
  }

  @Test func aPlanShowsGroupsBesideThePeopleAndInTheirOrder() async throws {
    let site = try await World.shared.site(.groups("attributes: { description: \"'Role ' || name\" }"))
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs"), (2, "devs")])
    let first = try await site.plan().plan.sequences.flatMap(\.steps)
    #expect(Set(first.prefix(2).map(\.what)) == [.create])
    #expect(first.dropFirst(2).map(\.what) == [.makeGroup, .join])
    #expect(LDIF.change(first[2].operation).contains("description: Role devs"))
    try await site.sync()
    #expect(try await site.search("cn=devs,\(site.groupsBase)")?["description"] == ["Role devs"])
    // Who goes leaves before, who comes joins after; the group with its last member goes too.
    try await site.sql("DELETE FROM users WHERE id = 1")
    #expect(try await site.plan().plan.sequences.flatMap(\.steps).map(\.what) == [.leave, .delete])
    try await site.sql("DELETE FROM users")
    let last = try await site.plan().plan.sequences.flatMap(\.steps).map(\.what)
    #expect(last == [.leave, .dropGroup, .delete, .delete])
    try await site.sync()
    #expect(try await site.groupNames() == [])
  }

  @Test func aMoveToAnotherContainerIsFollowed() async throws {
    var settings = SiteSettings.groups()
    settings.schema += "ALTER TABLE users ADD department text;"
    settings.users += "\n  container: [{ ou: department }]"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs"), (2, "devs")])
    try await site.sync()
    try await site.sql("UPDATE users SET department = 'R, D' WHERE id = 1")
    try await site.sync()
    let members = try await site.search("cn=devs,\(site.groupsBase)")?["member"].compactMap(\.text).sorted()
    #expect(
      members == ["uid=ann,ou=R\\2C D,\(site.base)", "uid=ben,\(site.base)"]
        || members == ["uid=ann,ou=R\\, D,\(site.base)", "uid=ben,\(site.base)"])
    try await site.expectInStep()
  }
}
