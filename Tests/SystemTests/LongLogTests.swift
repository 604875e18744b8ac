import Reactor
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallEngine
@testable import RollcallLedger

/// G12, G14: a log that grows is said, with the directory that it grows for.
@Suite struct LongLogTests {
  @Test("G14: a long log names who has settled least of it")
  func namesTheSlowest() async throws {
    let site = try await World.shared.site()
    try await site.sync()
    try await site.sql(
      """
      INSERT INTO rollcall.directory (name, watermark, looked_at)
      VALUES ('slow', pg_current_snapshot(), '2026-01-02 03:04:05Z')
      """)
    try await site.insert((1...20).map { "u\($0)" })
    try await site.sync()
    let configuration = site.configuration
    func problem(_ rows: Int) async throws -> ConditionProblem? {
      try await Reactor.run {
        let ledger = try Ledger(configuration)
        defer { ledger.database.close() }
        return try await StatusProblems(ledger).log(octets: 0, rows: rows)
      }
    }
    #expect(try await problem(21) == nil)
    let found = try #require(try await problem(20))
    #expect(found.code == .log && found.message.contains("\"slow\"") && found.message.contains("20 changes ("))
    #expect(found.since == "2026-01-02T03:04:05.000Z" && found.fix?.contains("rollcall uninstall") == true)
  }
}
