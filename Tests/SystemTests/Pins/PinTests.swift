import LDAPModel
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// Nothing is written for whom a person has pinned, whatever brings the key; everybody else is written as always.
@Suite struct PinTests {
  /// What becomes of row 1, and the answer to "has it arrived?".
  private static let changes: [(sql: String, arrived: String)] = [
    ("UPDATE users SET email = 'new@x', full_name = 'New Name' WHERE id = 1", "ann new@x"),
    ("UPDATE users SET username = 'anna' WHERE id = 1", "anna ann@example.com"),
    ("UPDATE users SET status = 'left' WHERE id = 1", "ann ann@example.com disabled"),
    ("DELETE FROM users WHERE id = 1", ""),
  ]

  /// A site with ann, ben and carl in step.
  private func site(_ settings: SiteSettings = SiteSettings()) async throws -> Site {
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben", "carl"])
    try await site.sync()
    return site
  }

  @Test(
    "a change is not written while its key is pinned, settles all the same, and comes with the unpinning",
    arguments: 0..<4)
  func aNotification(index: Int) async throws {
    let change = PinTests.changes[index]
    let site = try await site()
    try await site.withDaemon { _ in
      #expect(try await site.pin(["1"]) == .done)
      let before = try await site.stamp("1")
      try await site.sql("\(change.sql); UPDATE users SET email = 'ben@y' WHERE id = 2")
      try await eventually("ben's change arrives") { try await site.value("mail", of: "2") == "ben@y" }
      try await eventually("the change is settled") { try await site.report().backlog == 0 }
      #expect(try await site.stamp("1") == before)
      #expect(try await site.sql("SELECT count(*) FROM rollcall.parked") == "0")
      let removal = try await site.report().pinned.first?.pin.removal
      #expect(removal == [nil, nil, .disable, .delete][index])
      #expect(try await site.report().faults == (removal == nil ? [] : [.held]))
      #expect(try await site.unpin(["1"]) == .done)
      #expect(try await site.look("1") == change.arrived)
    }
    try await site.expectInStep()
  }

  @Test("a key that has neither row nor entry can be pinned: nothing is created")
  func nobody() async throws {
    let site = try await site()
    try await site.withDaemon { _ in
      #expect(try await site.pin(["4"]) == .done)
      try await site.insert(["dora", "eve"], from: 4)
      try await eventually("eve arrives") { try await site.names().contains("eve") }
      try await eventually("all is settled") { try await site.report().backlog == 0 }
      #expect(!(try await site.names().contains("dora")))
      #expect(try await site.unpin(["4"]) == .done)
      #expect(try await site.names().contains("dora"))
    }
  }

  @Test("a sweep, a comparison and a retry respect a pin", arguments: ["sweep", "comparison", "retry"])
  func otherWays(kind: String) async throws {
    let site = try await site()
    if kind == "retry" {
      try await site.sql("UPDATE users SET username = NULL WHERE id = 1")
      try await site.sync()
      #expect(try await site.parked() == ["1|name-missing"])
    }
    #expect(try await site.pin(["1"]) == .nobodyLeads)
    switch kind {
    case "sweep":
      try await site.insert((1...60).map { "u\($0)" }, from: 10)
      try await site.sql("UPDATE users SET email = 'swept@x'")
      try await site.sync()
    case "comparison":
      try await site.directory.modify(
        "dn: uid=ann,\(site.base)\nchangetype: modify\nreplace: mail\nmail: drifted@x\n")
      try await site.sync(full: true)
      #expect(try await site.value("mail", of: "1") == "drifted@x")
    default:
      try await site.silently("UPDATE users SET username = 'ann', email = 'retried@x' WHERE id = 1")
      try await site.retryParked()
      try await site.sync()
      // It is no error any more, it is pinned.
      #expect(try await site.parked() == [])
    }
    let mail = try await site.value("mail", of: "1")
    #expect(mail == (kind == "comparison" ? "drifted@x" : "ann@example.com"))
    #expect(try await site.unpin(["1"]) == .nobodyLeads)
    try await site.sync()
    let arrived = ["sweep": "swept@x", "comparison": "ann@example.com", "retry": "retried@x"]
    #expect(try await site.value("mail", of: "1") == arrived[kind])
    try await site.expectInStep()
  }

  @Test("G8: the removal of a pinned key costs no budget, waits, and is within the budget once it is unpinned")
  func removals() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 0%, least: 2 }"
    let site = try await World.shared.site(settings)
    try await site.insert((1...12).map { "u\($0)" })
    try await site.sync()
    try await site.pin(["1", "2"])
    try await site.sql("DELETE FROM users WHERE id <= 4")
    try await site.sync()
    #expect(try await site.names().count == 10)
    #expect(try await site.heldKeys().isEmpty)
    #expect(try await site.report().pinned.map { $0.pin.removal } == [.delete, .delete])
    #expect(try await site.report().faults == [.held])
    try await site.unpin(["1", "2"])
    #expect(try await site.sync().held == 2)
    #expect(try await site.heldKeys() == ["1", "2"])
    #expect(try await site.names().count == 10)
  }

  @Test("several people who are unpinned at once are decided together, and that is over when unpin returns")
  func severalRemovals() async throws {
    let site = try await World.shared.site()
    try await site.insert((1...5).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("they are there") { try await site.names().count == 5 }
      #expect(try await site.pin(["1", "2", "3"]) == .done)
      try await site.sql("DELETE FROM users WHERE id <= 3")
      try await eventually("three wait") {
        try await site.report().pinned.map { $0.pin.removal } == [.delete, .delete, .delete]
      }
      #expect(try await site.unpin(["1", "2", "3"]) == .done)
      #expect(try await site.names() == ["u4", "u5"])
    }
  }

  @Test("what is held and released is not removed while it is pinned, and is released afterwards")
  func aRelease() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 0%, least: 0 }"
    let site = try await World.shared.site(settings)
    try await site.insert((1...4).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("they are there") { try await site.names().count == 4 }
      try await site.sql("DELETE FROM users WHERE id <= 2")
      try await eventually("two are held") { try await site.heldKeys() == ["1", "2"] }
      #expect(try await site.pin(["1"]) == .done)
      try await site.approve(["1", "2"])
      try await eventually("one goes") { try await site.names() == ["u1", "u3", "u4"] }
      #expect(try await site.report().faults == [.held])
      #expect(try await site.unpin(["1"]) == .done)
      #expect(try await site.names() == ["u3", "u4"])
    }
  }

  @Test("memberships of a pinned person stay as they are, and others' change")
  func memberships() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "old"), (2, "old"), (2, "also")])
    try await site.withDaemon { _ in
      try await eventually("they are in") { try await site.members("old") == ["ann", "ben"] }
      #expect(try await site.pin(["1"]) == .done)
      try await site.sql("DELETE FROM user_roles WHERE role = 'old'")
      try await site.grant([(1, "also"), (1, "new"), (2, "new")])
      try await eventually("ben has moved") { try await site.members("new") == ["ben"] }
      try await eventually("ben has left") { try await site.members("old") == ["ann"] }
      try await eventually("all is settled") { try await site.report().backlog == 0 }
      #expect(try await site.members("also") == ["ben"])
      #expect(try await site.unpin(["1"]) == .done)
      #expect(try await site.members("new") == ["ann", "ben"])
      #expect(try await site.members("also") == ["ann", "ben"])
      #expect(try await site.members("old")?.contains("ann") != true)
    }
    try await site.expectInStep()
  }

  @Test("a pinned person whose row is gone, or wants another name, stays in the groups under the name that it has")
  func membershipsOfLeavers() async throws {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann", "ben", "carl"])
    try await site.grant([(1, "g"), (2, "g"), (3, "g")])
    try await site.withDaemon { _ in
      try await eventually("they are in") { try await site.members("g") == ["ann", "ben", "carl"] }
      #expect(try await site.pin(["1", "2"]) == .done)
      try await site.sql(
        "DELETE FROM users WHERE id = 1; UPDATE users SET username = 'x' || username WHERE id > 1; DELETE FROM user_roles WHERE user_id = 1"
      )
      try await eventually("carl has another name") { try await site.members("g") == ["ann", "ben", "xcarl"] }
      try await eventually("all is settled") { try await site.report().backlog == 0 }
      #expect(try await site.members("g") == ["ann", "ben", "xcarl"])
      #expect(try await site.unpin(["1", "2"]) == .done)
      #expect(try await site.members("g") == ["xben", "xcarl"])
    }
    try await site.expectInStep()
  }

  @Test("an entry that others made is not taken over while its key is pinned")
  func aTakeover() async throws {
    var settings = SiteSettings()
    settings.users = "adopt: true"
    let site = try await site(settings)
    try await site.addByHand("dora", link: nil)
    try await site.addByHand("eve", link: "5")
    try await site.pin(["4", "5"])
    try await site.insert(["dora", "eva"], from: 4)
    try await site.sync(full: true)
    for name in ["dora", "eve"] {
      #expect(try await site.search("uid=\(name),\(site.base)")?["cn"] == ["By hand"])
    }
    #expect(try await site.heldActions() == "")
    try await site.unpin(["4", "5"])
    try await site.sync()
    #expect(try await site.value("cn", of: "4") == "Full dora")
    #expect(try await site.value("uid", of: "5") == "eva")
  }

  @Test("a second entry of a pinned key is left alone, though an add of Rollcall's has made it")
  func duplicates() async throws {
    let site = try await site()
    try await site.directory.modify(
      """
      dn: uid=ann2,\(site.base)
      changetype: add
      objectClass: inetOrgPerson
      uid: ann2
      cn: Full ann
      sn: ann
      employeeNumber: 1
      """)
    try await site.pin(["1"])
    try await site.sync(full: true)
    #expect(try await site.names() == ["ann", "ann2", "ben", "carl"])
    #expect(try await site.parked() == [])
    try await site.unpin(["1"])
    try await site.sync()
    #expect(try await site.parked() == ["1|duplicate-link"])
  }

  @Test("an entry at a temporary name stays there while its key is pinned")
  func aTemporaryName() async throws {
    var settings = SiteSettings()
    settings.users += "\n  removed: keep"
    let site = try await site(settings)
    let temporary = "rollcall-0123456789abcdef"
    try await site.sql(
      """
      INSERT INTO rollcall.temporary_name (directory, key, old_dn, dn)
      VALUES ('\(site.name)', '1', 'uid=ann,\(site.base)', 'uid=\(temporary),\(site.base)');
      DELETE FROM users WHERE id = 1;
      """)
    try await site.directory.modify(
      "dn: uid=ann,\(site.base)\nchangetype: modrdn\nnewrdn: uid=\(temporary)\ndeleteoldrdn: 1\n")
    try await site.pin(["1"])
    try await site.sync(full: true)
    #expect(try await site.value("uid", of: "1") == temporary)
    try await site.unpin(["1"])
    try await site.sync()
    #expect(try await site.value("uid", of: "1") == "ann")
  }
}
