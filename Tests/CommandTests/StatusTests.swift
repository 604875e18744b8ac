import Glibc
import Sandbox
import Testing

@Suite(.serialized) struct StatusTests {
  /// What works in the database alone does not ask for the directory's secrets.
  @Test(arguments: [#"password: "${LDAP_PASSWORD}""#, "password_file: /nowhere/ldap.password"])
  func nobodyNeedsTheDirectorysPasswordForTheDatabase(_ password: String) async throws {
    var site = try await House.shared.site()
    site = try site.with(#"password: "${LDAP_PASSWORD}""#, password)
    site = try site.with("directory:\n", "directory:\n  ca: /nowhere/ca.crt\n")
    site.environment["LDAP_PASSWORD"] = nil
    try await site.install()
    #expect(try await site.rollcall("status").output.contains("leader:     nobody"))
    #expect(try await site.succeed("retry").output == "0 keys released\n")
    #expect(try await site.rollcall("release", "1").errors == "rollcall: key 1 is not held\n")
    for command in ["check", "plan", "sync", "run"] {
      let ran = try await site.rollcall(command)
      #expect(ran.code == 1 && ran.errors.contains("directory.ca: cannot read"), "\(command)")
    }
    try await site.succeed("uninstall")
  }

  @Test func allIsWellWhileADaemonLeads() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.withDaemon { daemon in
      try await soon("all is well") { try await site.rollcall("status").code == 0 }
      let status = try await site.status()
      #expect(status.name == site.name)
      #expect(status.leader?.hasSuffix(":\(daemon.pid)") == true)
      #expect(status.directory.state == "connected" && status.directory.since != nil)
      #expect(status.backlog == 0 && !status.behind)
      #expect((status.watermarkAgeSeconds ?? -1) >= 0)
      #expect(status.lastReconcile != nil)
      #expect(status.parked.isEmpty && status.held.isEmpty && status.heldSet == nil)
      let text = try await site.rollcall("status").output
      #expect(text.contains("leader:     \(status.leader ?? "") since "))
      #expect(text.contains("backlog:    0 changes\n"))
    }
  }

  @Test func worksWhileTheDaemonIsDown() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let daemon = try await site.start()
    try await soon("it is in step") { try await site.status().backlog == 0 }
    try await daemon.kill()
    try await soon("nobody leads") { try await site.status().leader == nil }
    try await site.hire(["ada", "bo"])
    let status = try await site.status()
    #expect(status.backlog == 2)
    #expect(try await site.rollcall("status").output.contains("leader:     nobody\n"))
  }

  @Test func behindPastItsLimit() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let before = try await site.rollcall("status")
    #expect(before.code == 1)
    #expect(before.output.contains("in step:    never, behind\n"))
    try await site.succeed("sync")
    #expect(try await site.rollcall("status").code == 0)
    try await site.sql("UPDATE rollcall.directory SET looked_at = now() - interval '3 minutes'")
    let ran = try await site.rollcall("status", "--json")
    #expect(ran.code == 1)
    let status = try StatusOutput(parsing: ran.output)
    #expect(status.behind && (status.watermarkAgeSeconds ?? 0) > 179)
    let patient = try site.with("name: \(site.name)\n", "name: \(site.name)\nbehind_after: 1h\n")
    #expect(try await patient.rollcall("status").code == 0)
  }

  @Test func parkedKeysWithTheirReasons() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql("INSERT INTO users VALUES (7, NULL, 'x', 'N', 'active')")
    try await site.rollcall("sync")
    let ran = try await site.rollcall("status", "--json")
    #expect(ran.code == 1)
    let parked = try #require(try StatusOutput(parsing: ran.output).parked.first)
    #expect(parked.key == "7" && parked.reason == "name-missing" && parked.attempts >= 0)
    #expect(parked.message.contains("uid"))
    let text = try await site.rollcall("status").output
    #expect(text.contains("parked 7: \(parked.message) [name-missing"))
  }

  @Test("G14: a problem is shown with its fix and means 1; one that harms nothing means 0")
  func problemsWithTheirFixes() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.succeed("sync")
    try await site.sql(
      "INSERT INTO rollcall.problem (directory, code, message) VALUES ('\(site.name)', 'twophase', 'may be prepared')")
    #expect(try await site.succeed("status").output.contains("problem twophase: may be prepared [since 20"))
    try await site.sql(
      "INSERT INTO rollcall.problem VALUES ('\(site.name)', 'capture', 'users has no triggers', 'rollcall install')")
    let ran = try await site.rollcall("status", "--json")
    #expect(ran.code == 1)
    let problems = try StatusOutput(parsing: ran.output).problems
    #expect(problems.map(\.code).sorted() == ["capture", "twophase"])
    let capture = try #require(problems.first { $0.code == "capture" })
    #expect(capture.message == "users has no triggers" && capture.fix == "rollcall install" && capture.since != nil)
    // Whoever leads next knows better.
    try await site.succeed("sync")
    #expect(try await site.status().problems.map(\.code).contains("capture") == false)
  }

  @Test("G14: a directory that nobody leads is not well, and what was said of the connection is the past")
  func nobodyLeads() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let daemon = try await site.start()
    try await soon("all is well") { try await site.rollcall("status").code == 0 }
    try await daemon.kill()
    try await soon("nobody leads") { try await site.status().leader == nil }
    let ran = try await site.rollcall("status", "--json")
    #expect(ran.code == 1)
    let dead = try StatusOutput(parsing: ran.output)
    #expect(!dead.behind && dead.directory.state == "unknown")
    #expect(
      dead.problems.map(\.code) == ["leader"] && dead.problems[0].message.contains(":\(daemon.pid) ended unexpectedly"))
    try await site.withDaemon { _ in try await soon("well") { try await site.rollcall("status").code == 0 } }
    // It was stopped, so that nobody waits for it; only whoever works with sync needs no daemon.
    let stopped = try await site.status()
    #expect(stopped.directory.state == "stopped" && stopped.problems.map(\.code) == ["leader"])
    try await site.succeed("sync")
    #expect(try await site.rollcall("status").code == 0)
  }

  @Test("G14: a daemon that was stopped before it ever led says so", arguments: [false, true])
  func stoppedBeforeItLed(_ hasSynced: Bool) async throws {
    let site = try await House.shared.site()
    try await site.install()
    let away = try site.with(site.directory.url, "ldap://127.0.0.1:\(try FreePort.next())")
    if hasSynced {
      try await site.succeed("sync")
      // Whoever works with sync waits for no daemon, also while the directory is away.
      #expect(try await away.rollcall("sync").code == 1)
      #expect(try await site.rollcall("status").code == 0)
    }
    let daemon = try await away.start()
    try await soon("it waits for the directory") { try await away.status().directory.state == "paused" }
    let waiting = try await away.rollcall("status", "--json")
    #expect(waiting.code == 1, "it does not take until the directory is behind")
    let problem = try #require(try StatusOutput(parsing: waiting.output).problems.first)
    #expect(problem.code == "leader" && problem.message.hasPrefix("no process leads this directory: LDAP: "))
    #expect(problem.fix == "rollcall check" && problem.since != nil)
    #expect(await daemon.stop(within: .seconds(15)) == .exited(0))
    let ran = try await away.rollcall("status", "--json")
    #expect(ran.code == 1)
    let stopped = try StatusOutput(parsing: ran.output)
    #expect(stopped.leader == nil && stopped.directory.state == "stopped" && stopped.directory.reason == nil)
    #expect(stopped.problems.map(\.code) == ["leader"])
    #expect(stopped.problems.first?.message.hasSuffix("the daemon was stopped") == true)
    try await site.succeed("sync")
    #expect(try await site.rollcall("status").code == 0)
  }

  @Test("G14: a directory that nobody has led for long, for which the log is kept, is named")
  func aForgottenDirectory() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.succeed("sync")
    try await site.sql(
      """
      INSERT INTO rollcall.directory (name, server, base, watermark, looked_at)
      VALUES ('it''s old', 's', 'ou=old', pg_current_snapshot(), now() - interval '2 days')
      """)
    #expect(try await site.rollcall("status").code == 0)
    try await site.hire(["ada"])
    try await site.succeed("sync")
    let ran = try await site.rollcall("status", "--json")
    #expect(ran.code == 1)
    let problem = try #require(try StatusOutput(parsing: ran.output).problems.first)
    #expect(problem.code == "forgotten" && problem.message.contains("\"it's old\"") && problem.message.contains("B)"))
    #expect(problem.fix?.hasSuffix("DELETE FROM rollcall.directory WHERE name = 'it''s old'") == true)
    let check = try await site.rollcall("check").output
    #expect(check.contains("warning: schema rollcall: the change log (") && check.contains("it's old"))
    try await site.sql("DELETE FROM rollcall.directory WHERE name = 'it''s old'")
    #expect(try await site.rollcall("status").code == 0)
  }

  @Test func whatCannotBeFoundOutIs69() async throws {
    let site = try await House.shared.site()
    let notInstalled = try await site.rollcall("status")
    #expect(notInstalled.code == 69)
    #expect(notInstalled.errors.contains("is not installed in this database"))
    let away = try site.with("port=\(site.postgres.port)", "port=\(try FreePort.next())")
    let ran = try await away.rollcall("status", "--json")
    #expect(ran.code == 69 && ran.output.isEmpty)
    #expect(ran.errors.contains("PostgreSQL: "))
    let broken = try site.with("users:", "user:")
    #expect(try await broken.rollcall("status").code == 69)
  }
}
