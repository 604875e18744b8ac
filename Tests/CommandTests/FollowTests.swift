import Foundation
import Sandbox
import Testing

/// Programs that follow the journal. Rows are inserted as the daemon does it, with the notification or without.
@Suite(.serialized) struct FollowTests {
  private func site() async throws -> Site {
    let site = try await House.shared.site()
    try await site.install()
    return site
  }

  /// Rows of some keys, one after the other, in transactions of their own.
  private func write(_ site: Site, _ keys: String..., notify: Bool = true) async throws {
    for key in keys {
      try await site.journal(
        "update", ["key": "'\(key)'", "dn": "'uid=\(key)'", "changes": #"'{"mail":{"added":["ä"]}}'"#])
    }
    if notify { try await site.sql("NOTIFY rollcall_journal, '\(site.name)'") }
  }

  @Test(
    "each row once, as history prints it, in order; from the first start on, and on from there after an orderly end")
  func perRow() async throws {
    let site = try await site()
    try await write(site, "before")
    let follower = try FollowerSite(site, "hook", "env > \"$1.env\"\n" + FollowerSite.perRow)
    var process = try await follower.start()
    try await write(site, "1", "2", "1")
    try await soon("three rows", { try follower.keys().sorted() }, is: { $0 == ["1", "1", "2"] })
    let printed = try await site.succeed("history", "--json").output.split(separator: "\n").dropLast()
    #expect(try Set(Readable.text(of: follower.output).split(separator: "\n")) == Set(printed))
    let ids = try follower.taken().filter { $0.key == "1" }.map(\.id)
    #expect(ids == ids.sorted())
    let variables = try Readable.text(of: follower.output + ".env")
    #expect(variables.contains("PATH=") && !variables.contains("PASSWORD"))
    #expect(await process.stop() == .exited(0))
    // Without a notification it looks by itself.
    try await write(site, "3", notify: false)
    process = try await follower.start()
    try await soon("the next row", { try follower.keys().last }, is: { $0 == "3" })
    #expect(try follower.keys().count == 4)
    #expect(await process.stop() == .exited(0))
  }

  @Test("killed at any moment: every row at least once, and each key's in order")
  func killed() async throws {
    let site = try await site()
    let follower = try FollowerSite(site)
    var process = try await follower.start()
    for round in 0..<4 {
      try await site.sql(
        """
        DO $$ BEGIN FOR i IN 1..60 LOOP
          INSERT INTO rollcall.journal (directory, key, action, outcome) VALUES ('\(site.name)', (i % 7)::text, 'update', 'done');
        END LOOP; END $$;
        NOTIFY rollcall_journal, '\(site.name)'
        """)
      try await soon("some rows of round \(round)") { try follower.taken().count > 60 * round + 5 }
      try await process.kill()
      process = try await follower.start()
    }
    let all = Set(try HistoryLine.parse(try await site.succeed("history", "--json").output).map(\.id))
    #expect(all.count == 240)
    try await soon("all rows") { Set(try follower.taken().map(\.id)) == all }
    for (key, lines) in Dictionary(grouping: try follower.taken(), by: \.key) {
      var seen: Set<Int> = []
      let firsts = lines.map(\.id).filter { seen.insert($0).inserted }
      #expect(firsts == firsts.sorted(), "key \(key ?? "")")
    }
    await process.stop()
  }

  @Test("transactions follow each other as numbers do, 99 before 100")
  func order() async throws {
    let site = try await site()
    let follower = try FollowerSite(site)
    try await site.sql(
      "INSERT INTO rollcall.follower (directory, name, position) VALUES ('\(site.name)', 'hook', '90:90:')")
    for tx in 98...102 { try await site.journal("update", ["key": "'k'", "tx": "'\(tx)'"]) }
    let process = try await follower.start()
    try await soon("five rows") { try follower.taken().count == 5 }
    let ids = try follower.taken().map(\.id)
    #expect(ids == ids.sorted())
    await process.stop()
  }

  @Test("a transaction that commits late, with a lower number, is not passed over")
  func lateCommit() async throws {
    let site = try await site()
    let follower = try FollowerSite(site)
    var process = try await follower.start()
    let late = try await site.lateTransaction()
    try await write(site, "early")
    try await soon("the early row", { try follower.keys() }, is: { $0 == ["early"] })
    // Its position outlives the process.
    #expect(await process.stop() == .exited(0))
    process = try await follower.start()
    try await write(site, "go")
    _ = try await late.value
    try await soon("the late row", { try follower.keys().sorted() }, is: { $0 == ["early", "go", "late"] })
    let ids = Dictionary(uniqueKeysWithValues: try follower.taken().map { ($0.key ?? "", $0.id) })
    #expect(try #require(ids["late"]) < #require(ids["early"]))
    await process.stop()
  }

  @Test("a key whose rows are not taken delays no other, is parked and shown, and comes in order when it is taken")
  func failing() async throws {
    let site = try await site()
    let follower = try FollowerSite(site)
    try follower.obstruct()
    var process = try await follower.start()
    try await write(site, "bad", "1", "bad", "2")
    try await soon("the others", { try follower.keys().sorted() }, is: { $0 == ["1", "2"] })
    try await soon("it is parked", { try await follower.parked() }, is: { $0 == "bad" })
    let problem = try #require(try await site.status().problems.first { $0.code == "follow" })
    #expect(problem.message == "the follower \"hook\" does not take the rows of key bad: exit code 3")
    #expect(problem.fix?.contains("rollcall follow NAME --forget") == true && problem.since != nil)
    #expect(try await site.rollcall("status").code == 1)
    try await write(site, "bad", "3")
    try await soon("the third", { try follower.keys().sorted() }, is: { $0 == ["1", "2", "3"] })
    #expect(await process.stop() == .exited(0))
    process = try await follower.start()
    try follower.clear()
    try await soon("it is parked no longer", { try await follower.parked() }, is: { $0.isEmpty })
    let ids = try follower.taken().filter { $0.key == "bad" }.map(\.id)
    #expect(ids.count == 3 && ids == ids.sorted())
    try await write(site, "bad")
    try await soon("the next one comes as usual", { try follower.keys().count { $0 == "bad" } }, is: { $0 == 4 })
    #expect(try await !site.status().problems.contains { $0.code == "follow" })
    await process.stop()
  }

  @Test("a program that stays answers line by line; refusing, hanging and crashing park one key each")
  func batch() async throws {
    let site = try await site()
    let follower = try FollowerSite(site, "batch", FollowerSite.staying)
    try follower.obstruct()
    let process = try await follower.start("--batch", "--timeout", "2s")
    try await write(site, "1", "bad", "hang", "crash", "2", "1")
    try await soon("the others", { Set(try follower.keys()) }, is: { $0 == ["1", "2"] })
    try await soon("the three are parked", { try await follower.parked() }, is: { $0 == "bad\ncrash\nhang" })
    let messages = try await site.sql("SELECT message FROM rollcall.follower_parked ORDER BY key").split(
      separator: "\n")
    #expect(messages == ["not this one", "the program has ended: exit code 7", "no answer within 2.0 seconds"])
    try await write(site, "3")
    try await soon("the next", { Set(try follower.keys()) }, is: { $0 == ["1", "2", "3"] })
    try follower.clear()
    try await soon("all are taken", { try await follower.parked() }, is: { $0.isEmpty })
    #expect(Set(try follower.keys()) == ["1", "2", "3", "bad", "hang", "crash"])
    #expect(await process.stop() == .exited(0))
  }

  @Test("who is too far behind is cut, told, and goes on; status says so")
  func cut() async throws {
    let site = try await site()
    let follower = try FollowerSite(site)
    var process = try await follower.start()
    await process.stop()
    for _ in 0..<3 { try await write(site, "1", "2", "3", "4") }
    process = try await follower.start("--limit", "10")
    try await soon("it is told") { try process.printed().contains("more than 10 rows behind; skipping them") }
    try await write(site, "5")
    try await soon("the next row", { try follower.keys() }, is: { $0 == ["5"] })
    #expect(
      try await site.status().problems.first { $0.code == "follow" }?.message
        .contains("rows were skipped that the follower \"hook\" had not taken") == true)
    await process.stop()
  }

  @Test("rows that are deleted for their age before they were taken: it is told, and goes on with the next one")
  func pruned() async throws {
    let site = try await site()
    let follower = try FollowerSite(site)
    var process = try await follower.start()
    await process.stop()
    try await site.sql(
      """
      INSERT INTO rollcall.directory (name, journal_keep) VALUES ('\(site.name)', '1 hour');
      INSERT INTO rollcall.journal (directory, key, action, outcome, at) VALUES
        ('\(site.name)', 'old', 'update', 'done', now() - interval '2 hours'), ('\(site.name)', 'new', 'update', 'done', now());
      SELECT rollcall.prune_journal()
      """)
    process = try await follower.start()
    try await soon("the row that is left", { try follower.keys() }, is: { $0 == ["new"] })
    #expect(try process.printed().contains("rows that this follower had not seen were deleted at 20"))
    #expect(
      try await site.status().problems.first { $0.code == "follow" }?.message
        .contains("rows were skipped that the follower \"hook\" had not taken") == true)
    await process.stop()
  }

  @Test("one process a name, several names side by side, each with its filter; what is forgotten ends")
  func names() async throws {
    let site = try await site()
    let (all, some) = (try FollowerSite(site, "all"), try FollowerSite(site, "some"))
    let first = try await all.start()
    let second = try await some.start("--action", "create,hold")
    let again = try await Rollcall.run(
      ["follow", "all", "--config", site.file, "--exec", "/bin/true"], environment: site.environment)
    #expect(again.code == 1)
    #expect(again.errors.contains("another process follows \"\(site.name)\" as \"all\""))
    try await write(site, "1")
    try await site.journal("create", ["key": "'2'"])
    try await soon("each has its rows") { try all.keys() == ["1", "2"] && some.keys() == ["2"] }
    #expect(try await site.succeed("follow", "all", "--forget").output == "the follower all was forgotten\n")
    #expect(try await site.rollcall("follow", "all", "--forget").code == 1)
    #expect(await first.waitForEnd() == .exited(1))
    #expect(await second.stop() == .exited(0))
  }

  @Test("a lost session is made anew, and a program that cannot be started is waited for")
  func trouble() async throws {
    let site = try await site()
    let program = "\(site.folder.path)/\(site.name)-later"
    let output = "\(site.folder.path)/\(site.name)-later.out"
    let process = try await ChildProcess.start(
      Rollcall.program, ["follow", "hook", "--config", site.file, "--exec", program], name: "\(site.name).hook",
      in: site.folder,
      environment: site.environment)
    try await soon("it follows") { try await site.sql("SELECT count(*) FROM rollcall.follower") == "1" }
    try await write(site, "1")
    try await soon("it says so") { try process.printed().contains("cannot start \(program)") }
    try await site.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rollcall \(site.name) follow'")
    try await soon("it says that, too") { try process.printed().contains("the journal cannot be read") }
    try "#!/bin/sh\ncat >> '\(output)'\n".write(toFile: program + ".new", atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program + ".new")
    try FileManager.default.moveItem(atPath: program + ".new", toPath: program)
    try await soon("the row is taken") { try Readable.text(of: output).contains("\"key\":\"1\"") }
    #expect(try await site.sql("SELECT count(*) FROM rollcall.follower_parked") == "0")
    #expect(await process.stop() == .exited(0))
  }

  @Test(arguments: [
    ["hook"], ["hook", "--forget", "--exec", "x"], ["a b", "--exec", "x"], ["--exec", "x"],
    ["hook", "--timeout", "1", "--exec", "x"],
    ["hook", "--limit", "0", "--exec", "x"], ["hook", "--action", "frob", "--exec", "x"],
  ])
  func wrongCalls(_ arguments: [String]) async throws {
    let ran = try await Rollcall.run(["follow", "--config", "/nowhere"] + arguments)
    #expect(ran.code == 64, "\(ran.words)")
  }
}
