import Sandbox
import Testing

@Suite(.serialized) struct SyncTests {
  @Test func catchesUpOnceAndEnds() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada", "bo"])
    let first = try await site.succeed("sync")
    #expect(first.output == "2 operations, 0 parked, 0 held\n")
    try await site.sql("UPDATE users SET email = 'new@example.com' WHERE id = 1")
    let second = try await site.succeed("sync")
    #expect(second.output == "1 operation, 0 parked, 0 held\n")
    #expect(try await site.values("mail", of: "1") == ["new@example.com"])
    #expect(try await site.succeed("sync").output == "0 operations, 0 parked, 0 held\n")
    let status = try await site.status()
    #expect(status.leader == nil && status.backlog == 0 && !status.behind)
  }

  /// The budget asks how many entries there are, and the server ends that search.
  @Test func aRemovalBeyondTheServersSizeLimit() async throws {
    let site = try await House.shared.site()
    try await site.install()
    var options = OpenLDAPOptions()
    options.durable = false
    options.sizeLimit = 300
    let (own, directory) = try await site.onOwnServer(options)
    try await site.sql(
      "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active' FROM generate_series(1, 350) AS n")
    try await own.succeed("sync")
    try await site.sql("DELETE FROM users WHERE id = 1; UPDATE users SET email = 'new@x' WHERE id = 2")
    try await own.succeed("sync")
    #expect(try await directory.search(base: site.base, filter: "(uid=u1)", attributes: ["uid"]).isEmpty)
    #expect(try await directory.search(base: site.base, filter: "(uid=u2)", attributes: ["mail"]).contains("new@x"))
    await directory.stop()
  }

  @Test func somethingParkedIsAnExitCode() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql(
      "INSERT INTO users VALUES (1, NULL, 'x', 'N', 'active'), (2, 'bo', 'x', 'B', 'active')")
    let ran = try await site.rollcall("sync")
    #expect(ran.code == 1)
    #expect(ran.output == "1 operation, 1 parked, 0 held\n")
    #expect(ran.errors.contains("warning parked key=1 "))
    #expect(try await site.names() == ["bo"])
  }

  @Test func fullRepairsDrift() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada", "bo"])
    try await site.succeed("sync")
    try await site.directory.modify(
      "dn: uid=ada,\(site.base)\nchangetype: modify\nreplace: mail\nmail: wrong@example.com\n")
    // Those confirmed last are looked at again at each connection; the others are not.
    try await site.sql("DELETE FROM rollcall.confirmed")
    #expect(try await site.succeed("sync").output.hasPrefix("0 operations"))
    #expect(try await site.succeed("sync", "--full").output.hasPrefix("1 operation,"))
    #expect(try await site.values("mail", of: "1") == ["ada@example.com"])
  }

  @Test func theDaemonThatLeadsIsAsked() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.withDaemon { _ in
      try await soon("ada is there") { try await site.names() == ["ada"] }
      try await site.directory.modify(
        "dn: uid=ada,\(site.base)\nchangetype: modify\nreplace: mail\nmail: wrong@example.com\n")
      let ran = try await site.succeed("sync", "--full")
      #expect(ran.output == "done by the daemon that leads, 0 parked, 0 held\n")
      #expect(try await site.values("mail", of: "1") == ["ada@example.com"])
    }
  }

  @Test func keysThatAreNamed() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada", "bo"])
    try await site.sql("INSERT INTO users VALUES (3, NULL, 'x', 'N', 'active')")
    // By itself it catches up first; whoever is named is told of, and nobody else counts.
    #expect(try await site.succeed("sync", "1").output == "key 1: nothing to do\n")
    #expect(try await site.names() == ["ada", "bo"])
    try await site.withDaemon { _ in
      for name in ["ada", "bo"] {
        try await site.directory.modify(
          "dn: uid=\(name),\(site.base)\nchangetype: modify\nreplace: mail\nmail: wrong@example.com\n")
      }
      var shell = site
      shell.environment["LDAP_PASSWORD"] = nil
      let ran = try await shell.rollcall("sync", "2", "3", "9", "2")
      #expect(ran.code == 1)
      #expect(
        ran.output
          == "key 2: update\nkey 3: parked: person 3 has no value for uid, which names the entry: give the row one\n"
          + "key 9: nothing to do\n")
      #expect(try await site.values("mail", of: "2") == ["bo@example.com"])
      #expect(try await site.values("mail", of: "1") == ["wrong@example.com"])
      let quiet = try await shell.succeed("sync", "1", "--log-level", "warning")
      #expect(quiet.output.isEmpty)
      #expect(try await site.values("mail", of: "1") == ["ada@example.com"])
      // Each is decided within the budget, together.
      try await site.sql("DELETE FROM users WHERE id IN (1, 2)")
      try await soon("they are gone") { try await site.names().isEmpty }
    }
    #expect(try await site.rollcall("sync", "1", "--full").code == 64)
  }

  @Test("a query of source.watch that fails is named, and the exit code is 1; by itself and asked of the daemon")
  func aQueryThatFails() async throws {
    var settings = SiteSettings()
    settings.schema += """
      ; CREATE TABLE departments (id int PRIMARY KEY, name text); ALTER TABLE users ADD department int
      """
    let query = "SELECT users.id FROM users JOIN changed ON users.department = changed.id WHERE 1 / changed.id > 0"
    settings.source += "\n  watch: [{ table: public.departments, key: id, keys: \"\(query)\" }]"
    settings.users += "\n    departmentNumber: (SELECT d.name FROM departments d WHERE d.id = department)"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada"])
    try await site.sql("INSERT INTO departments VALUES (0, 'Zero'); UPDATE users SET department = 0")
    try await site.succeed("sync")
    try await site.hire(["bo"], from: 2)
    try await site.sql("UPDATE departments SET name = 'Nought'")
    let words =
      "source.watch[0].keys: whom changes of \"public\".\"departments\" concern cannot be found, "
      + "and they wait: for the row 0: division by zero"
    let ran = try await site.rollcall("sync")
    #expect(ran.code == 1 && ran.errors.contains(words), "\(ran.words)")
    #expect(try await site.names() == ["ada", "bo"])
    try await site.withDaemon { _ in
      for arguments in [["sync"], ["sync", "--full"]] {
        let asked = try await Rollcall.run(arguments + ["--config", site.file], environment: site.environment)
        #expect(asked.code == 1 && asked.errors.contains("the leading daemon failed: \(words)"), "\(asked.words)")
      }
      #expect(try await site.succeed("sync", "1").output == "key 1: nothing to do\n")
      let status = try await site.rollcall("status")
      #expect(status.code == 1 && status.output.contains(words), "\(status.words)")
    }
  }

  @Test("G12: what was asked and answered long ago is forgotten")
  func answeredRequestsGo() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql(
      """
      INSERT INTO rollcall.request (directory, kind, done) SELECT '\(site.name)', 'look', now() - interval '2 days'
      FROM generate_series(1, 150)
      """)
    try await site.withDaemon { _ in
      for left in [51, 2] {
        try await site.succeed("sync")
        #expect(try await site.sql("SELECT count(*) FROM rollcall.request") == "\(left)")
      }
    }
  }

  @Test func aServerThatIsAwayIsAnError() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let away = try site.with(site.directory.url, "ldap://127.0.0.1:\(try FreePort.next())")
    let ran = try await away.rollcall("sync")
    #expect(ran.code == 1)
    #expect(ran.errors.contains("LDAP: connect"))
  }
}
