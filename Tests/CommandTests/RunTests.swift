import Foundation
import Glibc
import Sandbox
import Testing

@Suite(.serialized) struct RunTests {
  @Test func aLineAnAppliedChange() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.withDaemon { daemon in
      try await site.hire(["ada"])
      try await soon("ada is there") { try await site.names() == ["ada"] }
      let line = try await soon("the line") {
        try daemon.printed().split(separator: "\n").first { $0.contains("applied") }
      } is: {
        $0 != nil
      }
      let form =
        #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info applied key=1 dn="uid=ada,(.*)" what=create ms=[0-9.]+/#
      let match = try line.map(String.init).flatMap { try form.wholeMatch(in: $0) }
      #expect(match?.1 == Substring(site.base), "\(line ?? "")")
    }
  }

  @Test func linesAreObjectsWhereAskedFor() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.withDaemon(["--log-format", "json"]) { daemon in
      try await site.hire(["ada"])
      try await soon("ada is there") { try await site.names() == ["ada"] }
      struct Line: Decodable {
        var time: String
        var level: String
        var event: String
        var key: String?
        var dn: String?
        var what: String?
        var ms: Double?
      }
      try await soon("the line") { try daemon.printed().contains("\"applied\"") }
      let lines = try daemon.printed().split(separator: "\n").map {
        try JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }
      let line = try #require(lines.first { $0.event == "applied" })
      #expect(line.level == "info" && line.key == "1" && line.what == "create")
      #expect(line.dn == "uid=ada,\(site.base)")
      #expect((line.ms ?? -1) > 0)
    }
  }

  @Test func controlCharactersDoNotReachTheLog() async throws {
    let site = try await House.shared.site().with("mail: email", "mail: (email::int)::text")
    try await site.install()
    try await site.withDaemon { daemon in
      // PostgreSQL's message repeats the value as it is.
      try await site.sql(
        "INSERT INTO users VALUES (1, E'a\\nb\\x1b[31m', E'c\\x1b[31m\\u0085\\nd', 'A B', 'active')")
      try await soon("the line") { try daemon.printed().contains("parked key=1") }
      let printed = try daemon.printed()
      #expect(printed.contains("c\\u001b[31m\\u0085"))
      #expect(!printed.contains("\u{1b}") && !printed.contains("\u{85}"))
      #expect(printed.split(separator: "\n").allSatisfy { $0.hasPrefix("20") })
    }
    let text = try await site.rollcall("status").output
    #expect(text.contains("c\\u001b[31m") && !text.contains("\u{1b}"))
    let plan = try await site.rollcall("plan")
    #expect(plan.output.contains("# parked: key 1") && !plan.output.contains("\u{1b}"))
  }

  @Test(arguments: ["path", "abstract"])
  func theSupervisorIsToldWhenItIsReady(_ kind: String) async throws {
    let site = try await House.shared.site()
    try await site.install()
    let path = "\(site.folder.path)/\(site.name).notify"
    let socket = try NotifySocket(kind == "path" ? path : "@\(path)")
    let daemon = try await site.start(more: ["NOTIFY_SOCKET": socket.address])
    var heard: [String] = []
    try await soon("READY=1") {
      heard += socket.messages()
      return heard.contains("READY=1")
    }
    #expect(heard.contains { $0.hasPrefix("STATUS=connected") })
    #expect(heard.filter { $0 == "READY=1" }.count == 1)
    // A second one stands by, and that is ready too.
    let other = try NotifySocket(socket.address + "2")
    let standby = try await site.start(name: "\(site.name).standby", more: ["NOTIFY_SOCKET": other.address])
    heard = []
    try await soon("READY=1 of the standby") {
      heard += other.messages()
      return heard.contains("READY=1")
    }
    #expect(heard.contains { $0.hasPrefix("STATUS=standing by") })
    #expect(await standby.stop() == .exited(0))
    let led = try await site.status()
    #expect(led.leader != nil && led.directory.state == "connected")
    #expect(await daemon.stop() == .exited(0))
    #expect(socket.messages().contains("STOPPING=1"))
    #expect(try await site.status().leader == nil)
  }

  @Test func theSupervisorHearsThatItIsAlive() async throws {
    // PostgreSQL is away, which is no reason to be restarted.
    let site = try await House.shared.site()
    let nowhere = try site.with("port=\(site.postgres.port)", "port=\(try FreePort.next())")
    let socket = try NotifySocket("\(site.folder.path)/\(site.name).watchdog")
    let watched = ["NOTIFY_SOCKET": socket.address, "WATCHDOG_USEC": "200000"]
    // The first one inherited variables that are meant for another process.
    let others = try NotifySocket(socket.address + "2")
    let variables = watched.merging(["NOTIFY_SOCKET": others.address, "WATCHDOG_PID": "1"]) { $1 }
    let other = try await nowhere.start(name: "\(site.name).other", more: variables)
    try await soon("the first one waits") { try other.printed().contains("waiting for PostgreSQL") }
    let daemon = try await nowhere.start(more: watched)
    var signs = 0
    try await soon("several signs of life") {
      signs += socket.messages().count { $0 == "WATCHDOG=1" }
      return signs > 3
    }
    #expect(await daemon.stop(within: .seconds(15)) == .exited(0))
    #expect(await other.stop(within: .seconds(15)) == .exited(0))
    let heard = others.messages()
    #expect(heard.contains("STOPPING=1") && !heard.contains("WATCHDOG=1"))
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func aSignalEndsItInOrder(_ signal: Int32) async throws {
    let site = try await House.shared.site()
    try await site.install()
    let daemon = try await site.start()
    try await soon("it leads") { try await site.status().leader != nil }
    try await site.sql(
      "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active' FROM generate_series(1, 500) AS n")
    #expect(await daemon.stop(signal, within: .seconds(20)) == .exited(0))
    try await site.succeed("sync")
    #expect(try await site.names().count == 500)
  }

  @Test func aSecondSignalEndsItAtOnce() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let (own, directory) = try await site.onOwnServer()
    let daemon = try await own.start()
    // Before its first comparison there is no watermark, and so no backlog.
    try await soon("it is in step") { try await own.status().watermarkAgeSeconds != nil }
    // What is in flight cannot be finished, so the first signal has to wait.
    try await directory.freeze()
    try await site.hire(["ada"])
    try await soon("the row is noticed") { try await own.status().backlog ?? 0 > 0 }
    daemon.send(SIGTERM)
    try await soon("it is ending") { try await own.status().directory.state != nil }
    daemon.send(SIGTERM)
    let started = ContinuousClock.now
    let ending = await daemon.waitForEnd()
    #expect(ContinuousClock.now - started < .seconds(15))
    #expect(ending == .signaled(SIGTERM) || ending == .exited(0))
    await directory.stop()
  }

  @Test func itEndsWhileItWaitsForPostgreSQL() async throws {
    let site = try await House.shared.site()
    let nowhere = try site.with("port=\(site.postgres.port)", "port=\(try FreePort.next())")
    let daemon = try await nowhere.start()
    try await soon("it waits") { try daemon.printed().contains("waiting for PostgreSQL") }
    #expect(await daemon.stop(within: .seconds(15)) == .exited(0))
  }

  @Test func aWrongPasswordForTheDirectoryIsWaitedOutSlowly() async throws {
    var site = try await House.shared.site()
    try await site.install()
    site.environment["LDAP_PASSWORD"] = "Not-The-Password"
    let daemon = try await site.start()
    try await soon("it says why") { try daemon.printed().contains("invalidCredentials") }
    let status = try await site.status()
    #expect(status.directory.state == "paused")
    #expect(status.directory.reason?.contains("invalidCredentials") == true)
    #expect(status.behind && status.watermarkAgeSeconds == nil)
    #expect(await daemon.stop(within: .seconds(15)) == .exited(0))
    #expect(!(try daemon.printed().contains("Not-The-Password")))
  }
}
