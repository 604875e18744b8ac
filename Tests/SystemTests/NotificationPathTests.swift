import Reactor
import Sandbox
import Testing

@testable import RollcallEngine

/// A change is taken from its notification. The sweep, the look after the last change and the one with which the bell is
/// armed anew would find it, too; so what is counted is what notifications have brought.
@Suite struct NotificationPathTests {
  @Test("HR's single writes are taken from their notifications, not from a look at the log")
  func singleWrites() async throws {
    var settings = SiteSettings()
    settings.more += "\nsweep: { every: 1h }"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann"])
    try await site.withDaemon { running in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      let daemon = running.daemon
      func believed() async throws -> Int { try await Reactor.run { daemon.engine.sweeper?.believed ?? 0 } }
      let before = try await believed()
      for number in 1...20 {
        try await site.sql("UPDATE users SET email = 'e\(number)' WHERE id = 1")
        try await eventually("change \(number) is there") { try await site.value("mail", of: "1") == "e\(number)" }
      }
      // A look that is just under way may be faster now and then.
      let taken = try await believed() - before
      #expect(taken >= 10, "\(taken) of 20")
    }
    try await site.expectInStep()
  }
}
