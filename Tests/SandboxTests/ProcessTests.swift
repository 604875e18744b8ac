import Glibc
import Testing

@testable import Sandbox

@Suite struct ProcessTests {
  @Test func aProcessHasItsEnvironmentItsLogAndItsStatus() async throws {
    try await TemporaryFolder.with { folder in
      let process = try await ChildProcess.start(
        "sh", ["-c", "echo $WORD $PGHOST; pwd >&2; exit 3"], name: "said", in: folder,
        environment: ["WORD": "there"])
      #expect(await process.waitForEnd() == .exited(3))
      #expect(process.hasEnded)
      #expect(try process.printed() == "there\n\(folder.path)\n")
      #expect(process.log == "\(folder.path)/said.log")
      // Its number may be another's by now.
      #expect(Files.names(in: folder.path + "/processes").isEmpty)
    }
  }

  @Test func whoDoesNotListenIsKilled() async throws {
    try await TemporaryFolder.with { folder in
      let script = "trap '' TERM; echo ready; while :; do sleep 0.01; done"
      let process = try await ChildProcess.start("sh", ["-c", script], name: "deaf", in: folder)
      try await eventually("the trap to be set") { try process.printed() == "ready\n" }
      #expect(await process.stop(within: .milliseconds(100)) == .signaled(SIGKILL))
      #expect(!ProcessTable.isAlive(process.pid))
    }
  }

  @Test func killLeavesNoChildren() async throws {
    try await TemporaryFolder.with { folder in
      let script = "sleep 300 & sh -c 'sleep 300 & wait' & wait"
      let process = try await ChildProcess.start("sh", ["-c", script], name: "family", in: folder)
      let children = try await eventually("three children") {
        ProcessTable.descendants(of: process.pid)
      } is: {
        $0.count == 3
      }
      try await process.kill()
      #expect(children.filter(ProcessTable.isAlive).isEmpty)
    }
  }

  @Test func whatCannotBeStartedSaysSo() async throws {
    try await TemporaryFolder.with { folder in
      let process = try await ChildProcess.start("/nowhere/slapd", name: "missing", in: folder)
      #expect(await process.waitForEnd() == .exited(127))
      #expect(try process.printed().contains("/nowhere/slapd"))
    }
  }

  @Test func aCommandHasADeadline() async throws {
    let start = ContinuousClock.now
    let error = await #expect(throws: SandboxError.self) {
      try await Command("sleep", ["60"]).run(within: .milliseconds(50))
    }
    #expect(error?.description.contains("`sleep 60`") == true)
    #expect(ContinuousClock.now - start < .seconds(50))
  }

  @Test func aCommandMayLeaveItsInputUnread() async throws {
    let unread = String(repeating: "x", count: 1 << 20)
    #expect(try await Command("true").run(input: unread) == "")
    #expect(try await Command("wc", ["-c"]).run(input: unread) == "1048576\n")
  }
}
