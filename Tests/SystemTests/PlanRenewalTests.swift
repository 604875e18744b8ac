import Postgres
import Reactor
import RollcallCore
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// Plans that were made while a table was small.
@Suite("Plans of prepared statements") struct PlanRenewalTests {
  @Test("A statement that was planned for a small table uses its index after a load, before anybody analyzes it")
  func afterALoad() async throws {
    let site = try await World.shared.site()
    try await site.sql(
      """
      CREATE TABLE seen (directory text, key text, entry_id text, PRIMARY KEY (directory, key)) WITH (autovacuum_enabled = off);
      INSERT INTO seen VALUES ('main', 'k0', '0');
      GRANT SELECT ON seen TO PUBLIC
      """)
    let configuration = site.configuration
    try await Reactor.run {
      let database = try Database(configuration)
      defer { database.end() }
      let keys = SQLText.array((0..<64).map { "k\($0)" })
      @Reactor func look() async throws {
        try await database.execute(
          "seen", "SELECT key, entry_id FROM public.seen WHERE directory = $1 AND key = ANY ($2::text[])",
          ["main", keys])
      }
      @Reactor func plan() async throws -> String {
        let name = try await database.query("SELECT name FROM pg_prepared_statements WHERE name LIKE 'seen%'").text(
          0, 0)
        let lines = try await database.query("EXPLAIN EXECUTE \(name ?? "")('main', '\(keys)')")
        return (0..<lines.rowCount).compactMap { lines.text($0, 0) }.joined(separator: "\n")
      }
      for _ in 0..<50 { try await look() }
      try await site.sql("INSERT INTO seen SELECT 'main', 'k' || n, n FROM generate_series(1, 50000) AS n")
      let before = try await plan()
      #expect(!before.contains("AND (key = ANY"), "the table's growth has to matter: \(before)")
      for _ in 0..<100 { try await look() }
      let after = try await plan()
      #expect(after.contains("AND (key = ANY"), "\(after)")
    }
  }

  @Test("Of a table that nobody has analyzed yet only the entries of the keys are read")
  func beforeItIsAnalyzed() async throws {
    let site = try await World.shared.site()
    try await site.sql(
      """
      ALTER TABLE rollcall.entry SET (autovacuum_enabled = off);
      INSERT INTO rollcall.entry SELECT '\(site.name)', n::text, 'id of ' || n FROM generate_series(1, 5000) AS n
      """)
    let configuration = site.configuration
    try await Reactor.run {
      let ledger = try Ledger(configuration)
      defer { ledger.database.end() }
      let keys = (4001...4064).map { RosterKey("\($0)") } + ["none"]
      let known = try await ledger.known(keys)
      #expect(known.count == 64 && known["4010"] == "id of 4010")
      let name = try await ledger.database.query("SELECT name FROM pg_prepared_statements WHERE name LIKE 'known%'")
      let lines = try await ledger.database.query(
        "EXPLAIN (ANALYZE, COSTS off, TIMING off) EXECUTE \(name.text(0, 0) ?? "")('\(site.name)', '\(SQLText.array(keys))')"
      )
      let plan = (0..<lines.rowCount).compactMap { lines.text($0, 0) }.joined(separator: "\n")
      #expect(plan.contains("rows=1 loops=65") && !plan.contains("Removed by Filter"), "\(plan)")
    }
  }
}
