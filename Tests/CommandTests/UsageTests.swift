import Sandbox
import Testing

/// What a wrong call says, and how it ends.
@Suite(.serialized) struct UsageTests {
  @Test(arguments: [
    ["--frob"], ["frob"], ["run", "--frob"], ["run", "--config"], ["status", "--config", "x", "y"],
    ["release"], ["release", "17", "--set", "0123456789abcdef"], ["run", "--log-format", "xml"],
    ["run", "--log-level", "loud"], ["demo", "--frob"],
  ])
  func usageErrorsExit64(_ arguments: [String]) async throws {
    let ran = try await Rollcall.run(arguments)
    #expect(ran.code == 64)
    #expect(ran.output.isEmpty)
    #expect(ran.errors.contains("Usage: rollcall"))
  }

  @Test(arguments: [
    "demo", "init", "install", "uninstall", "check", "run", "sync", "plan", "status", "retry", "release", "history",
    "explain", "follow", "metrics", "top",
  ])
  func helpIsWorthReading(_ command: String) async throws {
    let ran = try await Rollcall.run([command, "--help"])
    #expect(ran.code == 0)
    #expect(ran.output.contains("Exit codes:"))
    #expect(ran.output.contains("Example"))
    let all = try await Rollcall.run(["--help"])
    #expect(all.output.contains("\n  \(command) "))
  }

  @Test(arguments: [("plan", 1), ("run", 1), ("check", 1), ("status", 69), ("metrics", 69), ("top", 69)])
  func aConfigurationThatIsNotThere(_ command: String, _ code: Int32) async throws {
    let ran = try await Rollcall.run([command])
    #expect(ran.code == code)
    #expect(ran.errors.contains("rollcall.yaml: cannot read it: no such file; name it with --config FILE"))
    let named = try await Rollcall.run([command], environment: ["ROLLCALL_CONFIG": "/nowhere/x.yaml"])
    #expect(named.code == code)
    #expect(named.errors.contains("/nowhere/x.yaml: cannot read it: no such file"))
  }

  @Test func aMistakeInTheConfigurationHasItsPlace() async throws {
    try await TemporaryFolder.with { folder in
      let file = try folder.write("name: x\nsuorce: {}\n", to: "x.yaml")
      let ran = try await Rollcall.run(["plan", "--config", file])
      #expect(ran.code == 1)
      #expect(ran.errors.contains("\(file):2:1: "))
      #expect(ran.errors.contains("source"))
    }
  }
}
