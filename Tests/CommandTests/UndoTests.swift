import Sandbox
import Testing

/// Mistakes are taken back, stay so, and are corrected by HR.
@Suite(.serialized) struct UndoTests {
  private func people(_ count: Int, _ more: String = "") async throws -> Site {
    var settings = SiteSettings()
    settings.more = more
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'u' || n || '@example.com', 'Full U' || n, 'active'
      FROM generate_series(1, \(count)) n
      """)
    try await site.succeed("sync")
    return site
  }

  /// The transaction of a write.
  private func write(_ site: Site, _ sql: String) async throws -> String {
    try await site.sql("BEGIN; \(sql); SELECT pg_current_xact_id(); COMMIT")
  }

  @Test(
    "a mistake of one statement is shown as LDIF, taken back by its transaction, stays so, and HR's correction flows")
  func byTransaction() async throws {
    let site = try await people(20)
    try await site.withDaemon { _ in
      let xid = try await write(site, "UPDATE users SET email = 'wrong@example.com' WHERE id <= 10")
      try await soon("ten are wrong") {
        try await site.sql("SELECT count(*) FROM rollcall.journal WHERE xid = '\(xid)' AND outcome = 'done'") == "10"
      }
      let plan = try await site.rollcall("undo", "--xid", xid)
      #expect(plan.code == 0)
      #expect(plan.output.contains("delete: mail\nmail: wrong@example.com\n-\nadd: mail\nmail: u1@example.com\n"))
      #expect(plan.errors.hasSuffix("10 can be taken back; --apply does it\n"))
      #expect(try await site.values("mail", of: "1") == ["wrong@example.com"])

      let done = try await site.rollcall("undo", "--xid", xid, "--apply", "--because", "wrong import")
      #expect(done.code == 0)
      #expect(done.errors.hasSuffix("10 taken back\n"))
      #expect(try await site.values("mail", of: "1") == ["u1@example.com"])
      #expect(
        try await site.sql(
          """
          SELECT count(*), min(because), count(DISTINCT actor) FROM rollcall.journal
          WHERE action = 'update' AND cause = 'undo' AND outcome = 'done'
          """) == "10|wrong import|1")
      // A comparison of everybody does not put the mistake back.
      try await site.succeed("sync", "--full")
      #expect(try await site.values("mail", of: "10") == ["u10@example.com"])
      // A second time there is nothing to take back.
      let again = try await site.rollcall("undo", "--xid", xid)
      #expect(again.code == 1)
      #expect(again.output.contains("has taken it back already"))
      // HR corrects one of them.
      try await site.sql("UPDATE users SET email = 'right@example.com' WHERE id = 1")
      try await soon("the correction flows") { try await site.values("mail", of: "1") == ["right@example.com"] }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.pinned") == "9")
      try await site.sql("UPDATE users SET email = 'u' || id || '@example.com' WHERE id BETWEEN 2 AND 10")
      try await soon("all pins are lifted") { try await site.sql("SELECT count(*) FROM rollcall.pinned") == "0" }
    }
  }

  @Test(
    "a deleted person comes back with unmapped attributes, disabled where the password is gone, and is HR's again later"
  )
  func aDelete() async throws {
    let site = try await people(5)
    let dn = "uid=u1,\(site.base)"
    try await site.directory.modify(
      """
      dn: \(dn)
      changetype: modify
      add: description
      description: by hand
      -
      add: userPassword
      userPassword: secret
      """
    )
    try await site.sql("DELETE FROM users WHERE id = 1")
    try await site.succeed("sync")
    #expect(try await site.names().count == 4)
    let id = try await site.sql("SELECT id FROM rollcall.journal WHERE action = 'delete' AND outcome = 'done'")
    let plan = try await site.rollcall("undo", id)
    #expect(plan.code == 0)
    #expect(plan.output.contains("# note: it comes back disabled, because its password is not known\n"))
    #expect(!plan.output.contains("secret"))
    // Nobody leads: the command does it itself.
    let done = try await site.rollcall("undo", id, "--apply", "--because", "was no leaver")
    #expect(done.code == 0, "\(done)")
    #expect(try await site.values("description", of: "1") == ["by hand"])
    #expect(try await site.values("employeeType", of: "1") == ["disabled"])
    try await site.succeed("sync", "--full")
    #expect(try await site.names().count == 5, "her row is gone, and she stays until it comes back")
    try await site.sql("INSERT INTO users VALUES (1, 'u1', 'new@example.com', 'Full U1', 'active')")
    try await site.succeed("sync")
    #expect(try await site.values("mail", of: "1") == ["new@example.com"])
    #expect(try await site.values("employeeType", of: "1").isEmpty)
    #expect(try await site.values("description", of: "1") == ["by hand"])
  }

  @Test("an exchange of names goes back, and what has changed since stays")
  func namesAndParts() async throws {
    let site = try await people(4)
    try await site.withDaemon { _ in
      let xid = try await write(
        site, "UPDATE users SET username = CASE id WHEN 1 THEN 'u2' ELSE 'u1' END WHERE id IN (1, 2)")
      try await soon("they have exchanged their names") { try await site.values("uid", of: "1") == ["u2"] }
      try await soon("it is told") {
        try await Int(site.sql("SELECT count(*) FROM rollcall.journal WHERE xid = '\(xid)'")) ?? 0 >= 3
      }
      let swapped = try await site.rollcall("undo", "--xid", xid, "--apply", "--because", "they are not")
      #expect(swapped.code == 0, "\(swapped)")
      #expect(try await site.values("uid", of: "1") == ["u1"])
      #expect(try await site.values("uid", of: "2") == ["u2"])

      let other = try await write(site, "UPDATE users SET email = 'a@example.com', full_name = 'A B' WHERE id = 3")
      try await soon("she is changed") { try await site.values("mail", of: "3") == ["a@example.com"] }
      try await site.sql("UPDATE users SET email = 'b@example.com' WHERE id = 3")
      try await soon("again") { try await site.values("mail", of: "3") == ["b@example.com"] }
      try await soon("it is told") {
        try await site.sql("SELECT count(*) FROM rollcall.journal WHERE key = '3' AND action = 'update'") == "2"
      }
      let partly = try await site.rollcall("undo", "--xid", other)
      #expect(partly.code == 2)
      #expect(partly.output.contains("# cannot: mail: row "))
      #expect(partly.output.contains("add: cn\ncn: Full U3\n"))
      #expect(!partly.output.contains("add: mail"))
    }
  }

  @Test("a mass mistake is taken back in one command, stays so, and HR corrects it for everybody")
  func aMassMistake() async throws {
    let site = try await people(1500)
    try await site.withDaemon { _ in
      let xid = try await write(site, "UPDATE users SET full_name = 'Nobody At All'")
      try await eventually(within: .seconds(120), "all are wrong") {
        try await site.sql("SELECT count(*) FROM rollcall.journal WHERE xid = '\(xid)' AND outcome = 'done'") == "1500"
      }
      let done = try await site.rollcall("undo", "--xid", xid, "--apply", "--because", "an UPDATE without WHERE")
      #expect(done.code == 0)
      #expect(done.errors.hasSuffix("1500 taken back\n"))
      try await site.succeed("sync", "--full")
      #expect(try await site.values("cn", of: "1500") == ["Full U1500"])
      try await site.sql("UPDATE users SET full_name = 'Right U' || id")
      try await eventually(within: .seconds(120), "the correction has flown") {
        try await site.sql("SELECT count(*) FROM rollcall.pinned") == "0"
      }
      try await site.succeed("sync")
      #expect(try await site.values("cn", of: "1500") == ["Right U1500"])
      #expect(try await site.rollcall("plan").code == 0)
    }
  }

  @Test("what the server refuses is said, and the intent has its end")
  func whatTheServerRefuses() async throws {
    let site = try await people(1)
    try await site.directory.modify("dn: ou=below,uid=u1,\(site.base)\nobjectClass: organizationalUnit\nou: below\n")
    let id = try await site.sql("SELECT id FROM rollcall.journal WHERE action = 'create'")
    let ran = try await site.rollcall("undo", id, "--apply", "--because", "too early")
    #expect(ran.code == 1)
    #expect(ran.output.contains("# cannot: the directory refused it: ") && ran.output.contains("(66)"), "\(ran)")
    #expect(
      try await site.sql(
        """
        SELECT r.outcome, r.code, r.cause, r.because FROM rollcall.journal i JOIN rollcall.journal r ON r.intent = i.id
        WHERE i.outcome = 'intended'
        """) == "refused|66|undo|too early")
    #expect(try await site.names() == ["u1"])
  }

  @Test func whatTheJournalDoesNotHaveIsSaid() async throws {
    let site = try await people(1)
    let ran = try await site.rollcall("undo", "4711")
    #expect(ran.code == 1)
    #expect(ran.errors.hasSuffix("the journal has no such row\n"))
    #expect(try await site.rollcall("undo", "1", "--apply").code == 64)
    #expect(try await site.rollcall("undo").code == 64)
  }
}
