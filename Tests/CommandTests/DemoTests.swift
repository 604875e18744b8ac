import Foundation
import Glibc
import Sandbox
import Testing

@Suite(.serialized) struct DemoTests {
  @Test func theStoryIsToldAndNothingIsLeft() async throws {
    let folder = try TemporaryFolder()
    let ran = try await Rollcall.run(["demo"], environment: ["TMPDIR": folder.path])
    #expect(ran.code == 0, "\(ran.words)")
    for words in [
      "INSERT INTO users", "dn: uid=mira,ou=users,dc=example,dc=com", "pwdAccountLockedTime: ", "(no entry)",
      "two people swap their user names", "changes while the daemon is down", "100 single updates", "p50 ",
      "`rollcall plan` finds nothing left to do.",
    ] { #expect(ran.output.contains(words)) }
    #expect(try Readable.names(in: folder.path).sorted() == ["outside", "processes"])
    await folder.remove()
  }

  @Test(arguments: ["--keep", "--dashboard"])
  func keptUpUntilInterrupted(option: String) async throws {
    let folder = try TemporaryFolder()
    let demo = try await ChildProcess.start(
      Rollcall.program, ["demo", option], name: "demo", in: folder, environment: ["TMPDIR": folder.path])
    try await soon("it stays up") { try demo.printed().contains("Everything stays up") || demo.hasEnded }
    let lines = try demo.printed().split(separator: "\n").map { $0.drop { $0 == " " } }
    let psql = try #require(lines.first { $0.hasPrefix("psql ") })
    let status = try #require(lines.first { $0.contains("/rollcall status ") })
    let shell =
      "\(psql) -c \"INSERT INTO users VALUES (99, 'zoe', 'z@example.com', 'Zoe Z', 'active')\" && \(status)"
    let typed = try await Rollcall.shell(shell)
    #expect(typed.code == 0, "\(typed.words)")
    let search = try #require(lines.first { $0.hasPrefix("ldapsearch ") })
    try await soon("zoe is there") {
      try await Rollcall.shell("\(search) '(uid=zoe)' dn").output.contains("dn: uid=zoe,")
    }
    if option == "--dashboard" {
      let form = #/web page is at http://127\.0\.0\.1:(\d+)/ with the token ([0-9a-f]{64})\n/#
      let page = try #require(try form.firstMatch(in: try demo.printed()))
      let dashboard = try await DashboardSite(process: demo, port: Int(page.1) ?? 0, token: String(page.2)).loggedIn()
      #expect(try await dashboard.get("/waiting").status == 200)
    }
    #expect(await demo.stop(SIGINT) == .exited(0))
    #expect(try Readable.names(in: folder.path).allSatisfy { ["outside", "processes", "demo.log"].contains($0) })
    await folder.remove()
  }
}
