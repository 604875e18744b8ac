internal import Postgres
package import Reactor
package import RollcallConfiguration
package import RollcallLedger

/// Removes Rollcall from a database, or one directory's state.
@Reactor
package final class Uninstaller {
  private static let tables = [
    "bell", "parked", "held", "removal", "leaving", "disabled", "renaming", "temporary_name",
    "managed_group", "request", "problem", "server", "confirmed", "entry", "making",
    "pinned", "follower", "follower_parked", "counters", "minute", "leaver", "reference",
    "password_key", "password",
  ]
  private let configuration: Configuration
  private let database: Database

  /// - Parameter connection: the connection to use; nil means the daemon's.
  /// - Throws: ``EngineError`` if the connection string is malformed.
  package init(_ configuration: Configuration, connection: String? = nil) throws(EngineError) {
    self.configuration = configuration
    do throws(PostgresError) {
      database = Database(
        try ConnectionOptions(
          connection ?? configuration.source.connection.text, applicationName: "rollcall uninstall"),
        timeout: 600_000)
    } catch {
      throw .database(error)
    }
  }

  package func close() { database.close() }

  /// Whether there is a schema and no daemon leads this directory.
  ///
  /// - Throws: ``EngineError/refused(_:)`` while a daemon leads it.
  private func isFree() async throws(EngineError) -> Bool {
    let ledger = Ledger(database, directory: configuration.name)
    guard try await ledger.schemaVersion() != nil else { return false }
    try await ledger.requireInstalled()
    let record = try await database.query(
      "SELECT server || ' ' || base, leader FROM rollcall.directory WHERE name = $1", [configuration.name])
    guard !record.isEmpty, let subject = record.text(0, 0) else { return true }
    // The session of a process that has just ended may still be there.
    let deadline = ContinuousClock.now + (record.text(0, 1) == nil ? Uninstaller.patience : .zero)
    while try await Leader.exists(for: configuration.name, subject: subject, database) {
      if ContinuousClock.now >= deadline {
        throw .refused(
          "\(record.text(0, 1) ?? "a daemon") leads the directory \"\(configuration.name)\"; stop it first")
      }
      try? await Reactor.sleep(for: .milliseconds(50))
    }
    return true
  }

  private static let patience: Duration = .seconds(5)

  /// Whether the journal stays, because the role may insert into it but not delete from it.
  package private(set) var keepsJournal = false

  /// Deletes the state of this directory; its entries stay, and so does its journal if the role may not delete it.
  ///
  /// - Returns: whether there was any state.
  /// - Throws: ``EngineError/refused(_:)`` while a daemon leads it.
  package func forgetDirectory() async throws(EngineError) -> Bool {
    guard try await isFree() else { return false }
    try await database.query("BEGIN")
    var rows = 0
    for table in Uninstaller.tables {
      let result = try await database.query(
        "DELETE FROM rollcall.\(table) WHERE directory = $1", [configuration.name])
      rows += result.affectedRows
    }
    rows += try await database.query(
      "DELETE FROM rollcall.directory WHERE name = $1", [configuration.name]
    ).affectedRows
    let mayDelete = try await database.query("SELECT has_table_privilege('rollcall.journal', 'DELETE')").bool(0, 0)
    if mayDelete {
      try await database.query("DELETE FROM rollcall.journal WHERE directory = $1", [configuration.name])
    } else {
      keepsJournal =
        !(try await database.query(
          "SELECT FROM rollcall.journal WHERE directory = $1 LIMIT 1", [configuration.name]
        )
        .isEmpty)
    }
    try await database.query("COMMIT")
    return rows > 0
  }

  /// Drops the schema with every directory's state, the triggers and the roles that own them.
  ///
  /// - Parameter cascade: whether objects of others that depend on the schema are dropped too.
  /// - Throws: ``EngineError``, with the names of such objects if they are not to be dropped.
  package func removeAll(cascade: Bool) async throws(EngineError) {
    _ = try await isFree()
    try await database.query("SELECT set_config('rollcall.cascade', $1, false)", [cascade ? "on" : "off"])
    try await database.script(SQLScripts.uninstall, timeout: .seconds(300))
  }
}
