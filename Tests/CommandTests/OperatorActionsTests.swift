import Sandbox
import Testing

/// What a person does about parked keys and held removals.
@Suite(.serialized) struct OperatorActionsTests {
  @Test func retryLetsADaemonActAtOnce() async throws {
    let site = try await House.shared.site()
    try await site.install()
    // An entry of somebody else's has the name; that it goes is nothing a trigger tells.
    try await site.directory.modify(
      "dn: uid=ada,\(site.base)\nobjectClass: inetOrgPerson\nuid: ada\ncn: Other\nsn: Other\n")
    try await site.withDaemon { _ in
      try await site.hire(["ada"])
      try await soon("it is parked") { try await site.status().parked.count == 1 }
      #expect(try await site.status().parked.first?.reason == "name-taken")
      try await site.directory.modify("dn: uid=ada,\(site.base)\nchangetype: delete\n")
      let ran = try await site.succeed("retry", "1", "5")
      #expect(ran.output == "1 key released\n")
      #expect(ran.errors == "rollcall: key 5 is not parked\n")
      try await soon("ada is there") { try await site.names() == ["ada"] }
      try await soon("nothing is parked") { try await site.status().parked.isEmpty }
      #expect(
        try await site.sql("SELECT key, message, actor <> '' FROM rollcall.journal WHERE action = 'retry'")
          == "1|name-taken|t")
    }
  }

  @Test func retryOfAll() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql(
      "INSERT INTO users VALUES (1, NULL, 'x', 'N', 'active'), (2, NULL, 'x', 'M', 'active')")
    try await site.rollcall("sync")
    #expect(try await site.succeed("retry").output == "2 keys released\n")
    #expect(try await site.status().parked.count == 2)
  }

  /// A directory's first reconcile holds every removal.
  private func siteWithHolds() async throws -> Site {
    let site = try await House.shared.site()
    try await site.install()
    for key in 11...13 {
      try await site.directory.modify(
        "dn: uid=gone\(key),\(site.base)\nobjectClass: inetOrgPerson\nuid: gone\(key)\ncn: X\nsn: X\nemployeeNumber: \(key)\n"
      )
    }
    try await site.hire(["ada"])
    return site
  }

  @Test("the journal tells who has approved a removal, and that it was done for that")
  func theJournalOfARelease() async throws {
    let site = try await siteWithHolds()
    try await site.rollcall("sync")
    try await site.succeed("release", "11")
    try await site.rollcall("sync")
    #expect(
      try await site.sql(
        "SELECT key, message, dn, actor <> '' FROM rollcall.journal WHERE action = 'release'")
        == "11|delete|uid=gone11,\(site.base)|t")
    #expect(
      try await site.sql(
        "SELECT key, cause, intent IS NOT NULL FROM rollcall.journal WHERE action = 'delete' AND outcome = 'done'")
        == "11|release|t")
  }

  @Test func releaseOfExactlyTheSetThatWasShown() async throws {
    let site = try await siteWithHolds()
    let ran = try await site.rollcall("sync")
    #expect(ran.code == 1)
    #expect(ran.output == "1 operation, 0 parked, 3 held\n")
    let status = try await site.status()
    #expect(status.held.map(\.key) == ["11", "12", "13"])
    #expect(status.held.allSatisfy { $0.action == "delete" && $0.dn == "uid=gone\($0.key),\(site.base)" })
    let set = try #require(status.heldSet)
    #expect(try await site.rollcall("status").output.contains("held:       3, set \(set)\n"))
    // One removal has become another.
    let key = "WHERE subject = '12'"
    try await site.sql("UPDATE rollcall.held SET dn = 'uid=else,\(site.base)' \(key)")
    #expect(try await site.rollcall("release", "--set", set).code == 1)
    try await site.sql("UPDATE rollcall.held SET dn = 'uid=gone12,\(site.base)', action = 'disable' \(key)")
    #expect(try await site.rollcall("release", "--set", set).code == 1)
    try await site.sql("UPDATE rollcall.held SET action = 'delete' \(key)")
    // Another removal is held meanwhile: what was looked at is not the set any more.
    try await site.sql(
      "INSERT INTO rollcall.held (directory, subject, action, dn) VALUES ('\(site.name)', '14', 'delete', 'uid=x,\(site.base)')"
    )
    let refused = try await site.rollcall("release", "--set", set)
    #expect(refused.code == 1)
    #expect(refused.errors.contains("has changed since \(set)"))
    #expect(try await site.status().released == 0)
    try await site.sql("DELETE FROM rollcall.held WHERE subject = '14'")
    let released = try await site.succeed("release", "--set", set)
    #expect(released.output == "3 removals approved\n")
    #expect(try await site.status().released == 3)
    try await site.succeed("sync")
    #expect(try await site.names() == ["ada"])
  }

  @Test func releaseByKeyLetsADaemonActAtOnce() async throws {
    let site = try await siteWithHolds()
    try await site.withDaemon { _ in
      try await soon("they are held") { try await site.status().held.count == 3 }
      let ran = try await site.rollcall("release", "11", "99")
      #expect(ran.code == 1)
      #expect(ran.output == "1 removal approved\n")
      #expect(ran.errors == "rollcall: key 99 is not held\n")
      try await soon("one is gone") { try await site.names() == ["ada", "gone12", "gone13"] }
      try await soon("two are held") { try await site.status().held.map(\.key) == ["12", "13"] }
      #expect(try await site.succeed("release", "12", "13").output == "2 removals approved\n")
      try await soon("all are gone") { try await site.names() == ["ada"] }
      try await soon("all is well") { try await site.rollcall("status").code == 0 }
    }
  }

  @Test func heldRemovalsAreInThePlan() async throws {
    let site = try await siteWithHolds()
    try await site.rollcall("sync")
    let ran = try await site.rollcall("plan")
    #expect(ran.code == 2)
    #expect(
      ran.output.contains("# held: key 11: delete uid=gone11,\(site.base); rollcall release approves it\n"))
    #expect(!ran.output.contains("changetype"))
    #expect(ran.errors.contains("3 held"))
  }
}
