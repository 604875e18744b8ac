import Foundation
import Sandbox
import Testing

/// What the program says and refuses before it listens.
@Suite(.serialized) struct DashboardCommandTests {
  private func dashboard(_ words: String, environment: String = "") async throws -> Ran {
    try await Rollcall.shell("\(environment) timeout 30 \(DashboardSite.program) \(words)")
  }

  @Test func theManualPageIsThatOfTheProgram() async throws {
    let page = try ManualPage("../dashboard/rollcall-dashboard.1")
    let help = try await dashboard("--help")
    #expect(help.code == 0)
    let options = Set(help.output.matches(of: #/--([a-z][a-z-]+)/#).map { String($0.output.1) })
      .subtracting(["help-hidden"])
    #expect(Set(page.items("Fl", in: page.text)) == options.union(["h"]))
    let synopsis = try page.section("SYNOPSIS")
    for option in options.subtracting(["help", "version"]) {
      #expect(synopsis.contains("Fl -\(option)"), "\(option)")
    }
    let path = "\(Repository.root)/Packaging/dashboard/rollcall-dashboard.1"
    let lint = try await Rollcall.shell("! command -v mandoc >/dev/null || mandoc -T lint -W error \(path)")
    #expect(lint.code == 0, "\(lint.words)")
  }

  @Test(arguments: [
    "0.0.0.0:8473", "192.0.2.1:80", "[::]:8473", "db.example.com:8473", "127.0.0.1.example:80", "127.0.0.256:80",
  ])
  func anAddressForOthersHasToBeMeant(address: String) async throws {
    let ran = try await dashboard("--connection '' --listen '\(address)'")
    #expect(ran.code == 64 && ran.errors.contains("--expose"), "\(ran.words)")
  }

  @Test(arguments: [
    "nonsense", "127.0.0.1:", "127.0.0.1:70000", "::1:80", "unix:relative",
    "unix:/\(String(repeating: "a", count: 120))",
  ])
  func whatIsNoAddressIsRefused(address: String) async throws {
    let ran = try await dashboard("--connection '' --listen '\(address)'")
    #expect(ran.code == 64 && ran.errors.contains("--listen"), "\(ran.words)")
  }

  @Test func aTokenThatOthersMayReadIsRefused() async throws {
    try await TemporaryFolder.with { folder in
      let file = try folder.write(DashboardSite.fixedToken, to: "token")
      for mode in ["644", "604", "602", "620", "660"] {
        let ran = try await dashboard("--connection '' --token-file '\(file)'", environment: "chmod \(mode) '\(file)';")
        #expect(ran.code == 1 && ran.errors.contains("is not secret"), "\(mode): \(ran.words)")
        #expect(!ran.words.contains(DashboardSite.fixedToken))
      }
      let short = try folder.write("short", to: "short")
      let ran = try await dashboard("--connection '' --token-file '\(short)'", environment: "chmod 600 '\(short)';")
      #expect(ran.code == 1 && ran.errors.contains("shorter than 20"), "\(ran.words)")
      #expect(try await dashboard("--connection '' --token-file '\(folder.path)/absent'").code == 1)
      #expect(try await dashboard("--connection '' --token-file '\(folder.path)'").code == 1)
    }
  }

  @Test func aConfigurationNeedsNoPasswordOfTheDirectory() async throws {
    let site = try await House.shared.site()
    try await site.install()
    // A configuration with the daemon's role works as well; LDAP_PASSWORD is not set.
    let file = try site.folder.write(DashboardSite.fixedToken, to: "\(site.name).token")
    #expect(try await Rollcall.shell("chmod 640 '\(file)'").code == 0)
    let dashboard = try await DashboardSite.start(
      ["--config", site.file, "--token-file", file], in: site.folder,
      environment: ["DB_PASSWORD": site.environment["DB_PASSWORD"] ?? ""])
    #expect(try await dashboard.loggedIn().get("/").status == 200)
    #expect(try !dashboard.process.printed().contains(dashboard.token))
    let ending = await dashboard.process.stop()
    #expect(ending == .exited(0))
  }

  @Test func aSocketIsForItsOwnerAndGroup() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let path = "\(site.folder.path)/\(site.name).socket"
    let process = try await ChildProcess.start(
      DashboardSite.program, ["--listen", "unix:\(path)", "--connection", site.owner], name: "\(site.name).dashboard",
      in: site.folder)
    try await soon("it listens") { try process.printed().contains("listening on unix:\(path)\n") }
    #expect(try await Rollcall.shell("stat -c %a '\(path)'").output == "660\n")
    let said = try await Rollcall.shell(
      "curl -s --max-time 60 --unix-socket '\(path)' http://localhost/healthz || python3 - <<'END'\n"
        + "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\(path)')\n"
        + "s.sendall(b'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n')\n"
        + "print(s.makefile().read())\nEND")
    #expect(said.output.contains("ok"), "\(said.words)")
    let ending = await process.stop()
    #expect(ending == .exited(0))
  }

  @Test func withoutADatabaseItSaysSoAndGoesOn() async throws {
    try await TemporaryFolder.with { folder in
      let dashboard = try await DashboardSite.start(
        ["--connection", "host=127.0.0.1 port=1 dbname=x user=x password=Wombat-4711"], in: folder)
      #expect(try await dashboard.get("/healthz").status == 200)
      let metrics = try await dashboard.get("/metrics")
      #expect(metrics.status == 200 && metrics.body.contains("\nrollcall_database_up 0\n"))
      let page = try await dashboard.loggedIn().get("/")
      #expect(page.status == 503 && page.body.contains("does not answer"))
      let printed = try dashboard.process.printed()
      #expect(!page.body.contains("Wombat") && !printed.contains("Wombat"))
      await dashboard.process.stop()
    }
  }

  @Test func theCommandRunsTheProgramBesideIt() async throws {
    let help = try await Rollcall.run(["dashboard", "--help"])
    #expect(help.code == 0 && help.output.contains("--token-file"), "\(help.words)")
    let refused = try await Rollcall.run(["dashboard", "--listen", "nonsense"])
    #expect(refused.code == 64)
    try await TemporaryFolder.with { folder in
      let copy = "\(folder.path)/rollcall"
      let ran = try await Rollcall.shell("cp \(Rollcall.program) '\(copy)' && '\(copy)' dashboard --listen x")
      #expect(ran.code == 69 && ran.errors.contains("rollcall-dashboard is not installed"), "\(ran.words)")
    }
  }
}
