internal import Postgres
package import Reactor
package import RollcallConfiguration
package import RollcallCore
internal import RollcallEngine
package import RollcallLedger

/// Erases a person's values from the journal.
@Reactor
package final class JournalEraser {
  package struct Outcome: Sendable, Equatable {
    /// The number of rows whose values were erased.
    package var erased: Int
    /// Removals without a result, which were left unchanged.
    package var open: Int
  }

  private let ledger: Ledger

  /// - Throws: ``EngineError`` if the connection string is malformed.
  package init(_ configuration: Configuration) throws(EngineError) {
    ledger = try Ledger(configuration)
  }

  package func close() { ledger.database.close() }

  /// Erases all rows of a person, and records that, by whom and why.
  package func erase(_ key: RosterKey, because: String) async throws(EngineError) -> Outcome {
    try await ledger.requireInstalled()
    let result = try await ledger.database.query(
      "SELECT erased, open FROM rollcall.erase($1, $2, $3, $4)",
      [ledger.directory, key.text, try await ledger.actor(), because])
    return Outcome(erased: result.int(0, 0) ?? 0, open: result.int(0, 1) ?? 0)
  }
}
