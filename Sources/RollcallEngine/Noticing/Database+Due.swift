internal import Postgres
internal import Reactor
package import RollcallConfiguration
package import RollcallCore
package import RollcallLedger

/// The dates of rows that are still to come.
extension Database {
  /// An instant in PostgreSQL's text form; what names a day, or no time zone, is read in that of the session.
  ///
  /// - Throws: ``EngineError/refused(_:)`` for what is no time.
  package func instant(_ text: String) async throws(EngineError) -> String {
    do throws(EngineError) {
      let sql = "SELECT ($1::pg_catalog.timestamptz)::pg_catalog.text, pg_catalog.isfinite($1::pg_catalog.timestamptz)"
      let result = try await read(sql, [text])
      guard result.bool(0, 1), let instant = result.text(0, 0) else { throw .refused("a date must be finite") }
      return instant
    } catch {
      guard case .database(let failure) = error, failure.sqlState?.hasPrefix("22") == true else { throw error }
      throw .refused("not a date: \(failure.message); examples: 2027-01-31, \"2027-01-31 18:00\"")
    }
  }

  /// Rows with a date after now and not after an instant, in its order; `most` at most. On a session of the mapping.
  package func coming(
    _ configuration: Configuration, until instant: String, most: Int
  ) async throws(EngineError) -> [(key: RosterKey, at: String)] {
    let roster = RosterQuery(configuration)
    if roster.due.isEmpty { return [] }
    let query = try await DueQuery.read(self, roster)
    let now = try await read("SELECT pg_catalog.now()::pg_catalog.text").text(0, 0)
    let result = try await read(query.coming, [now, instant, "\(most)"], limit: .seconds(50), timeout: .seconds(58))
    return (0..<result.rowCount).map { (result.key($0, 0) ?? "", result.text($0, 1) ?? "") }
  }
}

extension Engine {
  /// The next date of a key's row at which it is looked at again: RFC 3339, UTC. Nil if it has none.
  package func nextDate(of key: RosterKey) async throws(EngineError) -> String? {
    if roster.query.due.isEmpty { return nil }
    let type = try await roster.resolveKeyType()
    guard type.admits(key) else { return nil }
    let query = try await DueQuery.read(sessions.due, roster.query)
    let now = try await ledger.clock().text
    let result = try await sessions.due.read(
      query.next(ofKey: type, roster.query), [SQLText.array([key]), now], limit: .seconds(20))
    return result.isEmpty ? nil : result.text(0, 0)
  }
}
