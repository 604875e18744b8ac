import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// A group that others made has no member of Rollcall's before somebody has agreed.
@Suite struct GroupTakeoverTests {
  private func site(_ lines: String = "") async throws -> Site {
    let site = try await World.shared.site(.groups(lines))
    try await site.directory.modify(
      """
      dn: cn=Domain Admins,\(site.groupsBase)
      changetype: add
      objectClass: groupOfNames
      cn: Domain Admins
      member: cn=somebody,dc=example,dc=com

      """)
    try await site.insert(["ann"])
    return site
  }

  @Test("G15: a role that is named like a group of others waits until that is released")
  func aRoleNamedLikeAGroupOfOthers() async throws {
    let site = try await site()
    try await site.grant([(1, "Domain Admins"), (1, "devs")])
    #expect(try await site.sync().held == 1)
    #expect(try await site.members("Domain Admins") == ["cn=somebody,dc=example,dc=com"])
    #expect(try await site.members("devs") == ["ann"])
    let plan = try await site.plan()
    #expect(plan.takeovers.map(\.isGroup) == [true])
    #expect(plan.plan.sequences.isEmpty)
    #expect(try await site.sync(full: true).held == 1)
    #expect(try await site.approve(["domain admins"]).takeovers == 1)
    try await site.sync()
    #expect(try await site.members("Domain Admins") == ["ann", "cn=somebody,dc=example,dc=com"])
    #expect(try await site.heldActions() == "")
    try await site.expectInStep()
  }

  @Test func aDaemonTakesAReleasedGroupAtOnce() async throws {
    let site = try await site()
    try await site.withDaemon { _ in
      try await site.grant([(1, "Domain Admins")])
      try await eventually("it is held") { try await site.heldActions().hasPrefix("takeover|") }
      try await site.approve(["Domain Admins"])
      try await eventually("ann is in") { try await site.members("Domain Admins")?.contains("ann") == true }
    }
  }

  @Test func aHoldThatNoRowNamesAnyMoreIsDissolved() async throws {
    let site = try await site()
    try await site.grant([(1, "Domain Admins")])
    #expect(try await site.sync().held == 1)
    try await site.sql("DELETE FROM user_roles")
    #expect(try await site.sync(full: true).held == 0)
    #expect(try await site.heldActions() == "")
  }

  @Test(arguments: ["adopt: true", "adopt: [domain admins]"])
  func whatIsWantedBeforehand(line: String) async throws {
    let site = try await site(line)
    try await site.grant([(1, "Domain Admins")])
    #expect(try await site.sync().held == 0)
    #expect(try await site.members("Domain Admins") == ["ann", "cn=somebody,dc=example,dc=com"])
  }

  @Test(
    "a hold stays where rows spell the group otherwise than the directory, and its release reaches them",
    arguments: ["domain   admins", "\u{FF24}omain \u{FF21}dmins", "Domain\u{A0}Admins"])
  func anotherSpelling(_ role: String) async throws {
    let site = try await site()
    try await site.grant([(1, role)])
    #expect(try await site.sync().held == 1)
    #expect(try await site.sync(full: true).held == 1)
    #expect(try await site.members("Domain Admins") == ["cn=somebody,dc=example,dc=com"])
    // It is held by the name that the row has, or that the directory has.
    #expect(try await site.approve(["domain admins", RosterKey(role)]).takeovers == 1)
    try await site.sync()
    #expect(try await site.members("Domain Admins") == ["ann", "cn=somebody,dc=example,dc=com"])
    try await site.expectInStep()
  }
}
