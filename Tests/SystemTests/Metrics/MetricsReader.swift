import Postgres
import Reactor
import RollcallAdministration
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// Reads metrics as a member of `rollcall_auditor`, who may do nothing else.
struct MetricsReader {
  private let database: Database
  private let site: Site

  init(_ site: Site) async throws {
    self.site = site
    let role = "auditor_\(site.name)"
    try await site.sql("CREATE ROLE \(role) LOGIN IN ROLE rollcall_auditor")
    let conninfo = site.postgres.conninfo(user: role, database: site.name)
    database = try await Reactor.run { Database(try ConnectionOptions(conninfo, applicationName: "metrics")) }
  }

  func close() async throws {
    let database = self.database
    try await Reactor.run { database.end() }
  }

  /// Waits until the site's metrics satisfy; a daemon stores what it has counted before each look.
  nonisolated(nonsending) func read(
    _ daemon: RunningDaemon? = nil, _ what: String = "the metrics",
    is satisfies: (DirectoryMetrics) async throws -> Bool
  ) async throws -> DirectoryMetrics {
    let (database, name) = (self.database, site.name)
    var found = DirectoryMetrics(name: name)
    try await eventually(what) {
      let all = try await Reactor.run {
        await daemon?.daemon.engine.storeCounts()
        return try await DirectoryMetrics.readAll(database)
      }
      found = try #require(all.first { $0.name == name })
      return try await satisfies(found)
    }
    return found
  }
}
