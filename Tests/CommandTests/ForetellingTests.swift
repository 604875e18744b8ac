import Sandbox
import Testing

/// What `plan` and `explain` say of deletions that are to come, of entries that are taken over, and of passwords that
/// follow the table.
@Suite struct ForetellingTests {
  private func site(_ lines: String, _ schema: String = "") async throws -> Site {
    let site = try await House.shared.site().with("link: employeeNumber", "link: employeeNumber\n\(lines)")
    if !schema.isEmpty { try await site.sql(schema) }
    try await site.install()
    return site
  }

  @Test("plan --until, explain and status have the time of a leaver's deletion, until the row is back")
  func aDeletionThatIsToCome() async throws {
    let site = try await site("  removed: disable\n  leavers: ou=former\n  delete_after: 30d")
    try await site.hire(["ada", "ben"])
    try await site.succeed("sync")
    func day(_ days: Int) async throws -> String {
      try await site.sql("SELECT to_char(now() + interval '\(days) days', 'YYYY-MM-DD HH24:MI')")
    }
    func planned(_ days: Int, _ more: String...) async throws -> Ran {
      try await Rollcall.run(
        ["plan", "--until", try await day(days), "--config", site.file] + more, environment: site.environment)
    }
    #expect(try await planned(365).code == 0)
    try await site.sql("DELETE FROM users WHERE id = 1")
    try await site.succeed("sync")
    let time = try await site.sql(
      """
      SELECT to_char((since + interval '30 days') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      FROM rollcall.leaver WHERE key = '1'
      """)
    let dn = "uid=ada,ou=former,\(site.base)"
    let early = try await planned(29)
    #expect(early.code == 0 && !early.output.contains("# due"), "\(early.words)")
    let late = try await planned(31)
    #expect(late.code == 2 && late.output.contains("# due \(time): key 1: delete \(dn)"), "\(time) \(late.words)")
    let json = try await planned(31, "--json").output
    #expect(
      json.contains(#""key": "1", "action": "delete", "dn": "\#(dn)", "at": "\#(time)""#)
        || json.contains(#"{"key":"1","action":"delete","dn":"\#(dn)","at":"\#(time)"}"#), "\(json)")
    try await site.withDaemon { _ in
      let explained = try await site.succeed("explain", "1").output
      let gate = "its entry is to be deleted at \(time) (users.delete_after), because its row is gone"
      #expect(explained.contains(gate), "\(explained)")
      #expect(explained.contains("its entry is deleted at \(time), unless its row comes back"), "\(explained)")
      let other = try await site.succeed("explain", "2").output
      #expect(!other.contains("deleted at"), "\(other)")
    }
    let status = try await site.rollcall("status").output
    #expect(status.contains("due \(time): delete \(dn), key 1"), "\(status)")
    try await site.hire(["ada"])
    try await site.succeed("sync")
    #expect(try await planned(365).code == 0)
    #expect(try await !site.rollcall("explain", "1").output.contains("deleted at"))
  }

  @Test("plan and explain name the entry that is taken over by an attribute, and those among which nobody can choose")
  func anEntryThatIsTakenOver() async throws {
    let site = try await site("  adopt: { by: mail, below: \"ou=old,dc=example,dc=com\" }")
    let old = "ou=old-\(site.name),\(site.directory.usersBase)"
    let adopting = try site.with("ou=old,dc=example,dc=com", old)
    try await site.directory.modify("dn: \(old)\nchangetype: add\nobjectClass: organizationalUnit\n")
    for (name, mail) in [("a.old", "ada"), ("b1", "ben"), ("b2", "ben")] {
      try await site.directory.modify(
        "dn: uid=\(name),\(old)\nchangetype: add\nobjectClass: inetOrgPerson\ncn: x\nsn: x\n"
          + "mail: \(mail)@example.com\n")
    }
    try await adopting.hire(["ada", "ben", "cid"])
    let plan = try await adopting.rollcall("plan")
    #expect(plan.code == 2)
    #expect(plan.output.contains("# key 1: move\ndn: uid=a.old,\(old)\nchangetype: modrdn\n"), "\(plan.words)")
    #expect(plan.output.contains("# key 1: adopt\ndn: uid=ada,\(site.base)\n"), "\(plan.words)")
    #expect(plan.output.contains("# key 3: create\n") && !plan.output.contains("# key 2: "), "\(plan.words)")
    let several = "there are several entries without a link that have its mail: uid=b1,\(old) and uid=b2,\(old)"
    #expect(plan.output.contains("# parked: key 2: name-taken") && plan.output.contains(several), "\(plan.words)")
    let one = try await adopting.rollcall("explain", "1")
    #expect(one.output.contains("uid=a.old,\(old) has no link yet and is taken over"), "\(one.words)")
    #expect(one.code == 1 && one.output.contains("(to do: move, adopt)"), "no daemon runs: \(one.words)")
    let two = try await adopting.rollcall("explain", "2")
    #expect(two.code == 1 && two.output.contains(several), "\(two.words)")
    let entry = try await adopting.rollcall("explain", "--dn", "uid=b1,\(old)")
    #expect(entry.output.contains("the row with its mail takes the entry over"), "\(entry.words)")
    #expect(try await adopting.rollcall("sync").code == 1)
    #expect(try await adopting.names() == ["ada", "cid"])
  }

  @Test("plan and explain show that a password follows its row, and never the password")
  func aPasswordThatFollows() async throws {
    let site = try await site(
      "  password: { sql: password_hash, follow: true }", "ALTER TABLE users ADD password_hash text")
    try await site.hire(["ada"])
    try await site.sql("UPDATE users SET password_hash = '{SSHA}first'")
    try await site.succeed("sync")
    func expect(_ text: String, _ code: Int32) async throws {
      for arguments in [["plan"], ["plan", "--json"], ["explain", "1"], ["explain", "1", "--json"]] {
        let ran = try await Rollcall.run(arguments + ["--config", site.file], environment: site.environment)
        #expect(!ran.words.contains("SSHA") && !ran.words.contains("second"), "\(arguments): \(ran.words)")
        #expect(ran.words.contains(text), "\(arguments): \(ran.words)")
        #expect(ran.code == (arguments[0] == "plan" ? code : code == 0 ? 0 : 1), "\(arguments): \(ran.words)")
      }
    }
    try await expect("", 0)
    #expect(try await site.rollcall("explain", "1").output.contains("password: ***"))
    try await site.sql("UPDATE users SET password_hash = '{SSHA}second'")
    try await expect("userPassword", 2)
    #expect(try await site.rollcall("explain", "1").output.contains("(to do: password)"))
    let plan = try await site.rollcall("plan")
    let change =
      "# key 1: password\ndn: uid=ada,\(site.base)\nchangetype: modify\nreplace: userPassword\nuserPassword: ***\n"
    #expect(plan.output.contains(change), "\(plan.words)")
    try await site.succeed("sync")
    try await expect("", 0)
  }
}
