import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine

/// Rule 14, G9: single changes have passes of their own, leavers one more, and no storm pauses them.
@Suite struct FastLaneTests {
  private func site(_ adjust: (inout SiteSettings) -> Void = { _ in }) async throws -> Site {
    var settings = SiteSettings()
    settings.watch = "SELECT rollcall.watch('public.users', 'id', NULL, '{status}')"
    adjust(&settings)
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben", "cid", "dan", "eve"])
    try await site.sync(full: true)
    return site
  }

  @Test("a leaver goes while every pass for single changes waits for the directory")
  func aPassInReserve() async throws {
    let tap = try LDAPTap(to: try await World.shared.directory.port)
    defer { tap.stop() }
    let site = try await site {
      $0.directoryPort = tap.port
      $0.directory = "timeout: 2m"
    }
    try await site.withDaemon { _ in
      tap.arm(.unanswered(2))
      // One after the other, so that each has a pass of its own.
      for (key, name) in [(1, "ann"), (2, "ben")] {
        try await site.sql("UPDATE users SET email = 'new' WHERE id = \(key)")
        try await eventually("\(name)'s change is written, and nobody hears of it") { tap.kept == key }
      }
      try await site.sql("UPDATE users SET status = 'left' WHERE id = 3")
      try await eventually("cid is locked") { try await site.value("employeeType", of: "3") == "disabled" }
      #expect(tap.kept == 2)
      tap.release()
    }
    try await site.expectInStep()
  }

  /// The pause after a pass of bulk work, which the test ends.
  @Reactor
  private final class Pause {
    private(set) var count = 0
    private var isOver = false
    nonisolated init() {}

    func rest() async {
      count += 1
      while !isOver { try? await Reactor.sleep(for: .milliseconds(5)) }
    }

    func end() { isOver = true }
  }

  @Test("G9: where bulk work rests for writers, single changes and leavers go on")
  func whileBulkWorkRests() async throws {
    let site = try await site()
    let pause = Pause()
    func pauses() async throws -> Int { try await Reactor.run { pause.count } }
    try await site.withDaemon { running in
      let daemon = running.daemon
      try await Reactor.run {
        daemon.engine.dispatcher.givesWay = { true }
        daemon.engine.dispatcher.rest = { _ in await pause.rest() }
      }
      try await site.sql(
        "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1001, 1600) n")
      try await eventually("bulk work rests") { try await pauses() == 1 }
      // More than there are passes.
      for key in 1...4 {
        try await site.sql("UPDATE users SET email = 'new' WHERE id = \(key)")
        try await eventually("\(key) is changed") { try await site.value("mail", of: "\(key)") == "new" }
      }
      try await site.sql("UPDATE users SET status = 'left' WHERE id = 5")
      try await eventually("eve is locked") { try await site.value("employeeType", of: "5") == "disabled" }
      #expect(try await pauses() == 1, "nothing else rests")
      #expect(try await site.names().count < 605, "it does not rest")
      try await Reactor.run { pause.end() }
      try await eventually("all are there") { try await site.names().count == 605 }
    }
    try await site.expectInStep()
  }
}
