internal import Reactor
internal import RollcallCore
package import RollcallLedger

/// The metrics of all directories of a database in Prometheus' text format.
///
/// Of people it has numbers only: no key, DN or name of theirs is a label.
package enum MetricsPage {
  /// What an HTTP answer with it says it is.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The page.
  ///
  /// - Parameter database: a session of a member of `rollcall_auditor`, or of the daemon's role; others may use it too.
  /// - Throws: ``EngineError`` where the database cannot be read; a server says ``databaseDown`` then.
  @Reactor
  package static func text(_ database: Database) async throws(EngineError) -> String {
    text(of: try await DirectoryMetrics.readAll(database))
  }

  /// What there is to say while PostgreSQL cannot be read.
  package static var databaseDown: String { isUp(0) }

  private static func isUp(_ value: Int) -> String {
    MetricFamily.all[0].head + "\(MetricFamily.all[0].name) \(value)\n"
  }

  package static func text(of directories: [DirectoryMetrics]) -> String {
    if directories.isEmpty { return isUp(1) }
    return MetricFamily.all.map { $0.text(of: directories) }.joined()
  }
}
