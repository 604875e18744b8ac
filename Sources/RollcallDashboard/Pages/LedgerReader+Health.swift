internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallLedger
internal import RollcallPages

extension LedgerReader {
  func health(_ frame: Frame) async throws(EngineError) -> HealthPage {
    let chosen = frame.directories.filter { frame.directory == nil || $0.name == frame.directory }
    let findings = chosen.flatMap { directory in
      directory.problems.map { problem in
        HealthPage.Finding(
          problem.isAdvisory ? .warning : .error, "\(directory.name): \(problem.code)", problem.message,
          remedy: problem.fix)
      }
    }
    return HealthPage(frame, findings: findings, facts: try await facts(chosen))
  }

  private func facts(_ directories: [DirectorySummary]) async throws(EngineError) -> [HealthPage.Fact] {
    let rows = try await sessions.next.query(
      """
      SELECT current_setting('server_version'), (SELECT version FROM rollcall.version), current_database(), session_user,
        current_setting('track_commit_timestamp'), current_setting('max_prepared_transactions'),
        pg_size_pretty(pg_total_relation_size('rollcall.change')), pg_size_pretty(pg_total_relation_size('rollcall.journal')),
        CASE WHEN pg_is_in_recovery() THEN 'a standby' ELSE 'a primary' END
      """)
    func text(_ column: Int) -> String { rows.text(0, column) ?? "?" }
    var facts = [
      HealthPage.Fact("rollcall-dashboard", Version.text), HealthPage.Fact("PostgreSQL", "\(text(0)), \(text(8))"),
      HealthPage.Fact("Schema rollcall", "version \(text(1))"), HealthPage.Fact("Database", text(2)),
      HealthPage.Fact("Role of this page", text(3)), HealthPage.Fact("track_commit_timestamp", text(4)),
      HealthPage.Fact("max_prepared_transactions", text(5)), HealthPage.Fact("Change log", text(6)),
      HealthPage.Fact("Journal", text(7)),
    ]
    for directory in directories {
      let server = try await sessions.next.query(
        "SELECT coalesce(server || ' ' || base, 'not connected yet') FROM rollcall.directory WHERE name = $1",
        [directory.name])
      facts.append(HealthPage.Fact("Directory \(directory.name)", server.text(0, 0) ?? "?"))
    }
    return facts
  }
}
