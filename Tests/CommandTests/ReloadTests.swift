import Glibc
import Sandbox
import Testing

/// `rollcall run` at SIGHUP.
@Suite(.serialized) struct ReloadTests {
  /// Writes another configuration where the daemon finds it, and tells the daemon.
  private func reload(_ site: Site, _ daemon: ChildProcess, _ text: String) throws {
    _ = try site.folder.write(text, to: "\(site.name).yaml")
    daemon.send(SIGHUP)
  }

  private func count(_ line: String, _ daemon: ChildProcess) throws -> Int {
    try daemon.printed().split(separator: "\n").count { $0.contains(line) }
  }

  @Test func aChangedMappingIsTakenUp() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada", "bob", "cem", "dan"])
    let socket = try NotifySocket("\(site.folder.path)/\(site.name).notify")
    let daemon = try await site.start(more: ["NOTIFY_SOCKET": socket.address])
    try await soon("everybody is there") { try await site.names().count == 4 }
    var heard = socket.messages()
    try await soon("READY=1") {
      heard += socket.messages()
      return heard.contains("READY=1")
    }
    heard = []
    try reload(site, daemon, site.yaml.replacing("mail: email", with: "mail: \"'new.' || email\""))
    try await soon("the new mapping shows") { try await site.values("mail", of: "1") == ["new.ada@example.com"] }
    try await soon("the other people have it, too") {
      try await site.values("mail", of: "4") == ["new.dan@example.com"]
    }
    try await soon("READY=1 again") {
      heard += socket.messages()
      return heard.contains("READY=1")
    }
    let reloading = try #require(heard.firstIndex { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
    #expect(reloading < heard.firstIndex(of: "READY=1") ?? 0)
    #expect(!heard.contains("STOPPING=1"))
    try await site.hire(["eve"], from: 5)
    try await soon("eve is there") { try await site.values("mail", of: "5") == ["new.eve@example.com"] }
    // The end comes in order, whichever daemon of the process it meets.
    #expect(await daemon.stop() == .exited(0))
    #expect(try count("configuration reloaded", daemon) == 1)
    #expect(try await site.status().leader == nil)
  }

  /// What is replaced, by what, and what the log says of it.
  private static let mistakes = [
    ("users:\n", "users:\n  naming_attribute: uid\n", "naming_attribute"),
    ("mail: email", "mail: emial", "emial"),
    ("mail: email", "mail: email\n    mailbox: email", "mailbox"),
    ("key: id", "key: username", "source.key: was id and becomes username"),
    ("link: employeeNumber", "link: departmentNumber", "becomes departmentNumber"),
    ("mail: email", "mail: email || town", "rollcall install"),
    ("${LDAP_PASSWORD}", "Not-The-Password", "invalidCredentials"),
    ("ldap://127.0.0.1:", "ldap://127.0.0.1:1", "url"),
  ]

  @Test func mistakesAreRefused() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql("ALTER TABLE users ADD town varchar")
    let socket = try NotifySocket("\(site.folder.path)/\(site.name).notify")
    let daemon = try await site.start(more: ["NOTIFY_SOCKET": socket.address])
    try await soon("it leads") { try await site.status().directory.state == "connected" }
    let leader = try await site.status().leader
    for (index, (piece, replacement, message)) in Self.mistakes.enumerated() {
      try #require(site.yaml.contains(piece), "\(piece)")
      _ = socket.messages()
      try reload(site, daemon, site.yaml.replacing(piece, with: replacement))
      try await soon("\(replacement) is refused") {
        try count("configuration not reloaded", daemon) == index + 1
      }
      let line = try daemon.printed().split(separator: "\n").last { $0.contains("configuration not reloaded") }
      #expect(line?.contains(message) == true, "\(replacement): \(line ?? "")")
      #expect(line?.contains("Not-The-Password") == false)
      // A supervisor that was told of a reload waits for its end.
      try await soon("the reload has ended") { socket.messages().last == "READY=1" }
      try await site.hire(["u\(index)"], from: index + 1)
      try await soon("it goes on") { try await site.names().count == index + 1 }
    }
    #expect(try count("configuration reloaded", daemon) == 0)
    try reload(site, daemon, site.yaml)
    try await soon("the right one is taken up") { try count("configuration reloaded", daemon) == 1 }
    try await soon("the same process leads") { try await site.status().leader == leader }
    #expect(await daemon.stop() == .exited(0))
    site.expectNoSecret(try daemon.printed(), #_sourceLocation)
  }

  @Test func nothingIsLostOnTheWay() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let daemon = try await site.start()
    try await soon("it leads") { try await site.status().directory.state == "connected" }
    for round in 0..<5 {
      try await site.sql(
        """
        INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active'
        FROM generate_series(\(round * 200 + 1), \(round * 200 + 200)) AS n
        """)
      daemon.send(SIGHUP)
      // Several at once, and while one is under way, are as good as one.
      daemon.send(SIGHUP)
      try await soon("it is reloaded") { try count("configuration reloaded", daemon) > round }
    }
    try await soon("everybody is there") { try await site.names().count == 1000 }
    try await soon("it is in step") { try await site.status().backlog == 0 }
    #expect(await daemon.stop() == .exited(0))
    #expect(try count("configuration not reloaded", daemon) == 0)
  }

  @Test func whoeverStandsByReloadsToo() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let leader = try await site.start()
    try await soon("it leads") { try await site.status().directory.state == "connected" }
    let standby = try await site.start(name: "\(site.name).standby")
    try await soon("the other one stands by") { try count("standing by", standby) == 1 }
    try reload(site, standby, site.yaml.replacing("mail: email", with: "mail: \"'new.' || email\""))
    try await soon("it has reloaded") { try count("configuration reloaded", standby) == 1 }
    try await soon("it stands by again") { try count("standing by", standby) == 2 }
    #expect(await leader.stop() == .exited(0))
    try await site.hire(["ada"])
    try await soon("it leads with the new mapping") {
      try await site.values("mail", of: "1") == ["new.ada@example.com"]
    }
    #expect(await standby.stop() == .exited(0))
  }

  @Test func itCanBeEndedInBetween() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let daemon = try await site.start()
    try await soon("it leads") { try await site.status().directory.state == "connected" }
    daemon.send(SIGHUP)
    #expect(await daemon.stop() == .exited(0))
    #expect(try await site.status().leader == nil)
  }
}
