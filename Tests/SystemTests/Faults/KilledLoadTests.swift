import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// A daemon that is killed in the middle of a load.
@Suite struct KilledLoadTests {
  @Test("G4: SIGKILL in a load of 5,000 rows; the next one finishes it, and a second look writes nothing")
  func killedInALoad() async throws {
    let site = try await World.shared.site()
    try await TemporaryFolder.with { folder in
      let daemon = try await DaemonProcess.start(site, in: folder)
      try await daemon.ready()
      try await site.sql(
        "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, 5000) n")
      try await eventually(within: .seconds(60), "it is in the middle") { try await site.names().count > 500 }
      try await daemon.process.kill()
    }
    let outcome = try await site.sync()
    #expect(outcome.parked == 0)
    #expect(try await site.names().count == 5000)
    #expect(try await site.sync(full: true).applied == 0)
    try await site.expectInStep()
  }
}
