import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// Groups after crashes, beside hands at work, and on a server that follows renames itself.
@Suite struct GroupFaultsTests {
  /// Puts a site into the state of a process that was killed between a ModifyDN and what follows it.
  private func killed(_ site: Site, afterRenaming old: String, to new: String, _ key: Int) async throws {
    try await site.sql(
      "INSERT INTO rollcall.renaming VALUES ('\(site.name)', '\(key)', 'uid=\(old),\(site.base)')")
    try await site.directory.modify(
      "dn: uid=\(old),\(site.base)\nchangetype: modrdn\nnewrdn: uid=\(new)\ndeleteoldrdn: 1\n")
  }

  @Test func aRenameThatWasCutShortIsFollowedBeforeItsOldNameIsTaken() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann"])
    try await site.grant([(1, "admins")])
    try await site.sync()
    try await site.sql(
      """
      UPDATE users SET username = 'anna' WHERE id = 1;
      INSERT INTO users VALUES (2, 'ann', 'x', 'Second Ann', 'active', now());
      """)
    try await killed(site, afterRenaming: "ann", to: "anna", 1)
    try await site.sync()
    #expect(try await site.nameByKey() == ["anna", "ann"])
    #expect(try await site.members("admins") == ["anna"])
    #expect(try await site.sql("SELECT count(*) FROM rollcall.renaming") == "0")
    try await site.expectInStep()
  }

  @Test func aJournalledRenameThatNeverHappenedIsForgotten() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "admins")])
    try await site.sync()
    try await site.sql(
      """
      INSERT INTO rollcall.renaming VALUES ('\(site.name)', '1', 'uid=ann,\(site.base)');
      UPDATE users SET username = CASE id WHEN 1 THEN 'ben' ELSE 'ann' END;
      """)
    try await site.sync()
    #expect(try await site.nameByKey() == ["ben", "ann"])
    #expect(try await site.members("admins") == ["ben"])
    #expect(try await site.sql("SELECT count(*) FROM rollcall.renaming") == "0")
    try await site.expectInStep()
  }

  @Test func someoneGoneAfterARenameThatWasCutShortLeavesNothing() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "admins"), (2, "admins")])
    try await site.sync()
    try await killed(site, afterRenaming: "ann", to: "anna", 1)
    try await site.sql("DELETE FROM users WHERE id = 1")
    try await site.sync()
    #expect(try await site.members("admins") == ["ben"])
    try await site.expectInStep()
  }

  @Test func driftOfMembershipsIsRepairedByAFullSync() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann", "ben", "cid"])
    try await site.grant([(1, "devs"), (2, "devs"), (3, "ops")])
    try await site.sync()
    try await site.directory.modify(
      """
      dn: cn=devs,\(site.groupsBase)
      changetype: modify
      delete: member
      member: uid=ann,\(site.base)
      -
      add: member
      member: uid=cid,\(site.base)
      member: cn=by hand
      """)
    #expect(try await site.planned() == ["1 join", "3 leave"])
    #expect(try await site.sync(full: true).applied == 2)
    #expect(try await site.members("devs") == ["ann", "ben", "cn=by hand"])
    #expect(try await site.sync(full: true).applied == 0)
    try await site.expectInStep()
  }

  @Test func aServerThatFollowsRenamesIsLeftToIt() async throws {
    let world = try await World.shared
    let folder = try TemporaryFolder()
    var options = OpenLDAPOptions()
    options.durable = false
    options.refint = true
    let server = try await DirectoryServer.start(in: folder, options: options)
    let site = try await Site.make(number: 7001, .groups(), world.postgres, server)
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs"), (1, "ops"), (2, "devs")])
    try await site.sync()
    try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
    // The rename and nothing else.
    #expect(try await site.sync().applied == 1)
    #expect(try await site.members("devs") == ["anna", "ben"])
    #expect(try await site.members("ops") == ["anna"])
    try await site.sql("UPDATE users SET username = CASE id WHEN 1 THEN 'ben' ELSE 'anna' END")
    try await site.sync()
    #expect(try await site.members("devs") == ["anna", "ben"])
    #expect(try await site.members("ops") == ["ben"])
    try await site.expectInStep()
    await server.stop()
  }

  @Test func manyPeopleComeAndGoAtOnce() async throws {
    let site = try await World.shared.site(.groups())
    try await site.withDaemon { _ in
      try await site.sql(
        """
        INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, 1500) n;
        INSERT INTO user_roles SELECT id, 'all' FROM users;
        INSERT INTO user_roles SELECT id, 'g' || id % 7 FROM users;
        """)
      try await eventually(within: .seconds(90), "all are in") {
        try await site.members("all")?.count == 1500
      }
      try await site.sql(
        """
        UPDATE users SET username = 'v' || id WHERE id % 3 = 0;
        DELETE FROM user_roles WHERE user_id % 5 = 0 AND role = 'all';
        DELETE FROM users WHERE id % 4 = 0;
        """)
      try await eventually(within: .seconds(60), "all is as the tables say") {
        [try await site.members("all")?.count, try await site.names().count, try await site.parked().count]
      } is: {
        $0 == [900, 1125, 0]
      }
    }
    try await site.expectInStep()
  }

  @Test func tenThousandMembersAreNotSentForOne() async throws {
    let site = try await World.shared.site(.groups())
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, 10000) n;
      INSERT INTO user_roles SELECT id, 'all' FROM users;
      """)
    #expect(try await site.sync().applied == 20_000)
    #expect(try await site.sync(full: true).applied == 0)
    try await site.sql(
      "UPDATE users SET username = 'first' WHERE id = 1; DELETE FROM user_roles WHERE user_id = 2")
    let steps = try await site.plan().plan.sequences.flatMap(\.steps)
    #expect(steps.map(\.what).sorted { $0.rawValue < $1.rawValue } == [.follow, .leave, .rename])
    #expect(steps.allSatisfy { LDIF.change($0.operation).utf8.count < 500 })
    #expect(try await site.sync().applied == 3)
    #expect(try await site.members("all")?.count == 9999)
    try await site.expectInStep()
  }
}
