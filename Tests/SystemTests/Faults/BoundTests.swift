import Foundation
import Sandbox
import Testing

/// What no backlog lifts.
@Suite struct BoundTests {
  @Test("G12: a backlog of thirty thousand lifts no limit of memory, connections or operations in flight")
  func aBacklog() async throws {
    let world = try await World.shared
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    let site = try await world.site(settings)
    try await site.sync()
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'u' || n || '@example.com', 'First Last' || n, 'active', now()
      FROM generate_series(1, 30000) n
      """)
    var sessions = 0
    let daemon = try await DaemonProcess.start(site, in: world.folder)
    try await eventually(within: .seconds(120), "all are written", poll: .milliseconds(200)) {
      let count = try await site.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rollcall \(site.name)'")
      sessions = max(sessions, Int(count) ?? 0)
      return tap.writes >= 30_000
    }
    // proc_pid_status(5); in KiB.
    let status = try String(contentsOfFile: "/proc/\(daemon.process.pid)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM") })
    let peak = try #require(line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) })
    #expect(peak < 150_000, "\(line)")
    await daemon.process.stop()
    #expect(tap.peak.writes > 1 && tap.peak.writes <= 72, "\(tap.peak): 64 of the bulk and 8 of single changes")
    #expect(tap.peak.connections <= 6, "\(tap.peak)")
    #expect((1...6).contains(sessions), "\(sessions) sessions")
    try await site.expectInStep()
  }
}
