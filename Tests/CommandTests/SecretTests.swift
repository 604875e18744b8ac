import Sandbox
import Testing

/// G11: no command shows a secret, whatever goes wrong.
@Suite(.serialized) struct SecretTests {
  @Test(arguments: [
    "install", "uninstall", "check", "run", "sync", "plan", "status", "retry", "release 1",
  ])
  func wrongPasswordsDoNotShow(_ command: String) async throws {
    var site = try await House.shared.site()
    site.environment["DB_PASSWORD"] = "Not-The-Password"
    site.environment["LDAP_PASSWORD"] = "Not-This-Either"
    let words = command.split(separator: " ").map(String.init)
    let ran = try await Rollcall.run(
      words + ["--config", site.file, "--log-level", "trace"], environment: site.environment)
    #expect(ran.code == (command == "status" ? 69 : 1))
    #expect(ran.words.contains("password authentication failed for user"))
    #expect(!ran.words.contains("Not-The-Password") && !ran.words.contains("Not-This-Either"))
  }

  @Test(arguments: ["postgresql://u:Hidden-Word@[::1", "host=x password='Hidden-Word", "Hidden-Word"])
  func aMalformedConnectionStringDoesNotShow(_ text: String) async throws {
    var site = try await House.shared.site().with(
      "connection: \"host=127.0.0.1", "connection: \"${WHOLE}\"\n  #")
    site.environment["WHOLE"] = text
    for command in ["plan", "install", "check", "run"] {
      let ran = try await site.rollcall(command)
      #expect(ran.code == 1)
      #expect(!ran.words.contains("Hidden-Word"), "\(ran.words)")
    }
    let ran = try await site.rollcall("install", "--connection", text)
    #expect(ran.code == 1 && !ran.words.contains("Hidden-Word"))
  }

  @Test("G11: the daemon's arguments and log hold no secret") func theDaemonsArgumentsAndLogHoldNone() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.withDaemon(["--log-level", "trace"]) { daemon in
      try await site.hire(["ada"])
      try await soon("ada is there") { try await site.names() == ["ada"] }
      let arguments = try Readable.text(of: "/proc/\(daemon.pid)/cmdline")
      site.expectNoSecret(arguments, #_sourceLocation)
      #expect(arguments.contains("--config"))
    }
  }
}
