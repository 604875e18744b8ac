internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallLedger
internal import RollcallPages

extension LedgerReader {
  /// So many daemons are asked for one page: a role may have eight questions open.
  private static let mostAsked = 4

  func health(_ frame: Frame) async throws(EngineError) -> HealthPage {
    let chosen = frame.directories.filter { frame.directory == nil || $0.name == frame.directory }
    var page = HealthPage(frame, facts: try await facts(chosen))
    let isAsked = chosen.count <= Self.mostAsked
    if !isAsked {
      page.notes.append(
        "These are the problems that the database knows. Choose a directory to see what its daemon finds.")
    }
    let asked = chosen.map { directory in
      Task(executorPreference: Reactor.loop) { () async -> Result<PageQuestions.Heard<CheckAnswer>, EngineError> in
        guard isAsked, directory.leader != nil else { return .success(.nobody) }
        do throws(EngineError) {
          return .success(try await PageQuestions(self.sessions.next, directory: directory.name).check())
        } catch { return .failure(error) }
      }
    }
    for (directory, task) in zip(chosen, asked) {
      let name = directory.name
      page.findings += directory.problems.map { problem in
        HealthPage.Finding(
          problem.isAdvisory ? .warning : .error, "\(name): \(problem.code)", problem.message, remedy: problem.fix)
      }
      switch try await task.value.get() {
      case .answer(let check):
        page.findings += check.findings.map { finding in
          HealthPage.Finding(
            HealthPage.Finding.Level(rawValue: finding.level.rawValue) ?? .error, "\(name): \(finding.place)",
            finding.message, remedy: finding.remedy)
        }
        page.configurations.append(HealthPage.Fact(name, check.configuration))
      case .cannot(let reason): page.notes.append("The daemon of \(name) cannot say what it finds: \(reason).")
      case .notAsked(let reason): page.notes.append("The daemon of \(name) was not asked: \(reason).")
      case .nobody where isAsked:
        page.notes.append(
          directory.leader == nil
            ? "No daemon of \(name) runs. The page shows what the database knows; rollcall check finds more."
            : "The daemon of \(name) has not answered within three seconds. It may have by the time the page is loaded again."
        )
      case .nobody: break
      }
    }
    return page
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
