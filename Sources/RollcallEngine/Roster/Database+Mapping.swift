internal import Postgres
internal import Reactor
package import RollcallConfiguration
package import RollcallLedger

extension Configuration {
  /// The connection options for the ledger.
  func options() throws(EngineError) -> ConnectionOptions {
    do throws(PostgresError) {
      return try ConnectionOptions(
        source.connection.text, applicationName: "rollcall \(name)", readWrite: !source.takesStandby)
    } catch {
      throw .database(error)
    }
  }

  /// The connection options for the roster, as the reader role if one is configured.
  func rosterOptions() throws(EngineError) -> ConnectionOptions {
    do throws(PostgresError) {
      return try ConnectionOptions(
        (source.reader ?? source.connection).text, applicationName: "rollcall \(name) roster",
        readWrite: !source.takesStandby)
    } catch {
      throw .database(error)
    }
  }
}

extension Database {
  /// A session for evaluating the mapping, which is used for neither the ledger nor the lock.
  package convenience init(mapping configuration: Configuration, timeout: Int = 60_000) throws(EngineError) {
    self.init(
      try configuration.rosterOptions(), timeout: timeout,
      searchPath: SessionSettings.path(configuration.source.schemas), timezone: configuration.source.timezone,
      patience: .seconds(4))
  }

  /// Runs the body in a read-only transaction, and rolls it back.
  func reading<T>(
    _ body: @Reactor (PostgresConnection) async throws(EngineError) -> T
  ) async throws(EngineError) -> T {
    let session = try await self.session()
    try await query("BEGIN READ ONLY")
    do throws(EngineError) {
      let result = try await body(session)
      try await endReading()
      return result
    } catch {
      if session.isUsable { _ = try? await endReading() }
      throw error
    }
  }

  /// Undoes what the mapping's code has left behind, including what a rollback does not undo.
  private func endReading() async throws(EngineError) {
    try await query("ROLLBACK")
    try await query("SELECT pg_catalog.pg_advisory_unlock_all()")
  }
}

extension Database {
  /// A session with the configuration's connection.
  package convenience init(
    _ configuration: Configuration, timeout: Int = 60_000, searchPath: String? = nil
  ) throws(EngineError) {
    self.init(try configuration.options(), timeout: timeout, searchPath: searchPath)
  }
}

extension Ledger {
  /// The ledger of a configuration, on a session of its own.
  package convenience init(_ configuration: Configuration) throws(EngineError) {
    self.init(try Database(configuration), directory: configuration.name)
  }
}
