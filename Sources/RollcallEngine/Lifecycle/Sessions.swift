package import Postgres
package import Reactor
internal import RollcallConfiguration
package import RollcallLedger

/// The sessions with PostgreSQL that one directory's engine has, besides the leader's, which has a watch of its own.
@Reactor
package final class Sessions {
  /// How each connects to the ledger's database.
  package let options: ConnectionOptions
  /// For what the engine itself asks.
  package let database: Database
  /// Reads windows of the change log, which takes long.
  let windows: Database
  /// The mapping is evaluated in this one and the next two; nothing else is done on them.
  let mapping: Database
  let mappingBulk: Database
  /// Streams everybody.
  package let bulk: Database
  /// For what is remembered.
  let ledger: Database

  /// - Throws: ``PostgresError`` when a connection string is malformed.
  init(_ configuration: Configuration) throws(EngineError) {
    options = try configuration.options()
    database = Database(options)
    windows = Database(options, timeout: 600_000)
    mapping = try Database(mapping: configuration)
    mappingBulk = try Database(mapping: configuration)
    bulk = try Database(mapping: configuration, timeout: 600_000)
    ledger = Database(options)
  }

  private var all: [Database] { [database, windows, mapping, mappingBulk, bulk, ledger] }

  /// Gives the connections up: what has ended one of them has likely made the others useless, and nobody waits for their
  /// deadlines. Each is made again when it is next used.
  func close() {
    for session in all { session.close() }
  }

  /// The same for good.
  func end() {
    for session in all { session.end() }
  }
}
