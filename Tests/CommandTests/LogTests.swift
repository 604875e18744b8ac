import Sandbox
import Testing

/// The log tells the daemon's life, each thing once.
@Suite(.serialized) struct LogTests {
  @Test func aLifeIsTold() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let (own, directory) = try await site.onOwnServer()
    let daemon = try await own.start()
    let line = { (words: String) in
      try daemon.printed().split(separator: "\n").first { $0.contains(words) }.map(String.init) ?? ""
    }
    try await soon("it leads") { try line("connected, leading") != "" }
    #expect(try line(" notice starting ").contains("configuration=\(own.file)"))
    #expect(try line(" notice starting ").contains("version="))
    try await site.hire(["ada"])
    try await soon("ada is there") { try line("what=create") != "" }
    try await site.sql("UPDATE users SET username = 'eve', email = 'e@x', full_name = 'Eve X'")
    try await soon("ada is eve") { try line("what=update") != "" }
    #expect(try line("what=rename").contains("from=\"uid=ada,"))
    #expect(try line("what=update").contains("attributes=\"cn,sn,mail\""))
    #expect(try !daemon.printed().contains("e@x"))
    await directory.stop()
    try await soon("it is paused") { try line(" warning paused ") != "" }
    try await directory.start()
    try await soon("it goes on") { try line(" notice resumed ") != "" }
    #expect(await daemon.stop() == .exited(0))
    let text = try daemon.printed()
    for words in [" starting ", "connected, leading", " paused ", " resumed ", "what=rename"] {
      #expect(text.split(separator: "\n").count { $0.contains(words) } == 1, "\(words)")
    }
  }

  /// What is connected for a moment and lost again, time after time, is one pause, of the side that fails.
  @Test func aPauseThatDoesNotEndIsTold() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.withDaemon(["--log-level", "debug"]) { daemon in
      let count = { (words: String) in try daemon.printed().split(separator: "\n").count { $0.contains(words) } }
      try await site.sql(
        """
        REVOKE SELECT ON rollcall.bell FROM \(site.role);
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(site.role)'
        """)
      try await soon("it is tried again and again") { try count("trying again") >= 6 }
      let first = try await site.status().directory
      #expect(first.state == "paused" && first.reason?.contains("permission denied for table bell") == true)
      #expect(try await site.rollcall("status").output.contains("\ndatabase:   paused since \(first.since ?? "?")"))
      try await soon("it is tried again") { try count("trying again") >= 8 }
      #expect(try await site.status().directory.since == first.since)
      #expect(try count(" warning paused ") <= 2 && count(" notice resumed ") <= 1)
      try await site.sql("GRANT SELECT ON rollcall.bell TO \(site.role)")
      try await soon("it goes on") { try await site.status().directory.state == "connected" }
      #expect(try count(" notice resumed ") <= 2)
    }
  }

  @Test(arguments: ["info", "debug"]) func bulkWorkIsSummedUp(_ level: String) async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.withDaemon(["--log-level", level]) { daemon in
      try await site.sql(
        "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active' FROM generate_series(1, 3000) AS n")
      try await soon("all are told of") { try daemon.printed().contains("waiting=0") }
      let lines = try daemon.printed().split(separator: "\n")
      let each = lines.filter { $0.contains(" applied key=") }.count
      #expect(level == "debug" ? each == 3000 : each < 1500, "\(each) lines")
      let sum = lines.filter { $0.contains("applied many") }.compactMap { line in
        line.split(separator: "create ").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
      }.reduce(0, +)
      #expect(level == "debug" ? sum > 1500 : sum + each == 3000)
      // A single change has a line of its own again.
      try await site.sql("UPDATE users SET email = 'y' WHERE id = 1")
      try await soon("it is told of") { try daemon.printed().contains("what=update attributes=mail") }
    }
  }

  @Test func aSyncInStepIsSilentForCron() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    #expect(try await site.succeed("sync", "--log-level", "warning").words == "")
    try await site.sql("INSERT INTO users VALUES (2, NULL, 'x', 'N', 'active')")
    #expect(try await site.rollcall("sync", "--log-level", "warning").output.contains("1 parked"))
  }
}
