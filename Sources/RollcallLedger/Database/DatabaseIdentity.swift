internal import Postgres
internal import Reactor

/// Identifies the database and its timeline: a watermark is valid only there.
package struct DatabaseIdentity: Sendable, Equatable {
  /// `pg_control_system().system_identifier`: created by initdb, copied by physical backups.
  package var system: String
  /// The WAL timeline in hexadecimal; a promotion or a point-in-time recovery starts another.
  package var timeline: String

  @Reactor
  package static func read(_ database: Database) async throws(EngineError) -> DatabaseIdentity {
    // The control file lags behind a promotion; the name of the current WAL file does not.
    let result = try await database.query(
      """
      SELECT (SELECT system_identifier::text FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8)
      """, timeout: .seconds(8))
    return DatabaseIdentity(system: result.text(0, 0) ?? "", timeline: result.text(0, 1) ?? "")
  }
}
