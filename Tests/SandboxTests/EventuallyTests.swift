import Sandbox
import Testing

@Suite struct EventuallyTests {
  @Test func givesTheValueThatSatisfied() async throws {
    var reads = 0
    let value = try await eventually("three reads", poll: .milliseconds(1)) {
      reads += 1
      return reads
    } is: {
      $0 == 3
    }
    #expect(value == 3)
    #expect(reads == 3)
  }

  @Test func saysWhatItWaitedForAndSawLast() async throws {
    let error = await #expect(throws: SandboxError.self) {
      try await eventually(within: .milliseconds(20), "Ada to be there") {
        "Bob"
      } is: {
        $0 == "Ada"
      }
    }
    let text = try #require(error).description
    #expect(text.contains("Ada to be there"))
    #expect(text.contains("Bob"))
  }

  @Test func anErrorIsNotYetAndShownAtTheEnd() async throws {
    struct Down: Error {}
    var reads = 0
    try await eventually("no error", poll: .milliseconds(1)) {
      reads += 1
      if reads < 3 { throw Down() }
      return true
    }
    let error = await #expect(throws: SandboxError.self) {
      try await eventually(within: .milliseconds(20), "an answer") { throw Down() }
    }
    #expect(try #require(error).description.contains("Down()"))
  }

  @Test func freePortsAreNotGivenTwice() throws {
    let ports = try (0..<200).map { _ in try FreePort.next() }
    #expect(Set(ports).count == 200)
  }
}
