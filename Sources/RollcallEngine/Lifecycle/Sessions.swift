package import Postgres
package import Reactor
internal import RollcallConfiguration
package import RollcallLedger

/// The PostgreSQL sessions of one directory's engine, besides the leader's, which is monitored separately.
@Reactor
package final class Sessions {
  /// The options for connections to the ledger's database.
  package let options: ConnectionOptions
  /// For the engine's own queries.
  package let database: Database
  /// Reads windows of the change log, which can take long.
  let windows: Database
  /// Evaluates the mapping, as the next two do; they are used for nothing else.
  let mapping: Database
  let mappingBulk: Database
  /// Streams all rows.
  package let bulk: Database
  /// Finds rows whose dates have passed; opened only if there are such dates.
  let due: Database
  /// Finds the people whom changes of further tables concern, and those changes; opened only if there are such tables.
  let keys: Database
  let changed: Database
  /// For the ledger.
  let ledger: Database

  /// - Throws: ``PostgresError`` when a connection string is malformed.
  init(_ configuration: Configuration) throws(EngineError) {
    options = try configuration.options()
    database = Database(options)
    windows = Database(options, timeout: 600_000)
    mapping = try Database(mapping: configuration)
    mappingBulk = try Database(mapping: configuration)
    bulk = try Database(mapping: configuration, timeout: 600_000)
    due = try Database(mapping: configuration)
    keys = try Database(mapping: configuration)
    changed = Database(options, timeout: 300_000)
    ledger = Database(options)
  }

  private var all: [Database] { [database, windows, mapping, mappingBulk, bulk, due, keys, changed, ledger] }

  /// Closes the connections: what ended one of them has probably broken the others, and nobody should wait for their
  /// timeouts. Each is opened again when it is next used.
  func close() {
    for session in all { session.close() }
  }

  /// Closes the connections for good.
  func end() {
    for session in all { session.end() }
  }
}
