internal import Postgres
package import Reactor
package import RollcallConfiguration
package import RollcallLedger

/// Checks `source.timezone`.
@Reactor
package struct TimezoneInspection {
  private let database: Database
  private let configuration: Configuration

  package init(_ database: Database, _ configuration: Configuration) {
    self.database = database
    self.configuration = configuration
  }

  /// Nil where there is such a time zone, or none is configured.
  package func finding() async throws(EngineError) -> Finding? {
    guard let name = configuration.source.timezone else { return nil }
    let known = try await database.query(
      "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE lower(name) = lower($1))", [name])
    if known.bool(0, 0) { return nil }
    return Finding(
      .error, configuration.place(of: "source.timezone"), "PostgreSQL knows no time zone \"\(name)\"",
      remedy: "SELECT name FROM pg_timezone_names lists those that it knows")
  }
}
