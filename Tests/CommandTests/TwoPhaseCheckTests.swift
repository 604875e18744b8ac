import Sandbox
import Testing

/// `check` where PostgreSQL can prepare transactions.
@Suite struct TwoPhaseCheckTests {
  @Test func itWarnsAndIsContent() async throws {
    let folder = try TemporaryFolder()
    let postgres = try await PostgresServer.start(
      in: folder, settings: ["max_prepared_transactions": "7"], durable: false, passwordRoles: ["daemon1"])
    let directory = try await DirectoryServer.start(in: folder)
    let site = try await Site.make(1, SiteSettings(), folder, postgres, directory)
    try await site.install()
    let ran = try await site.rollcall("check")
    let warning = ran.output.split(separator: "\n").first { $0.contains("two-phase commit is enabled") }
    #expect(warning?.hasPrefix("warning: database: ") == true, "\(ran.output)")
    #expect(warning?.contains("max_prepared_transactions = 7") == true && warning?.contains("rollcall.notify") == true)
    #expect(ran.code == 0, "\(ran.words)")
  }
}
