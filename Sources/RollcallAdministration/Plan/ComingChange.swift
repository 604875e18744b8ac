internal import Postgres
internal import Reactor
package import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
package import RollcallLedger

/// Something that will happen at its time although nobody writes a row.
package struct ComingChange: Codable, Sendable, Equatable {
  package enum Action: String, Codable, Sendable {
    /// A date of the row passes, and the person is looked at again.
    case look
    /// The entry of a leaver is deleted.
    case delete
  }

  package var key: String
  package var action: Action
  /// The entry that is deleted.
  package var dn: String?
  /// RFC 3339, UTC.
  package var at: String

  /// As many are listed.
  package static let most = 10_000

  /// What is to come until a date, in its order: at most ``most`` of each kind.
  ///
  /// - Parameter date: in PostgreSQL's input format.
  /// - Throws: ``EngineError/refused(_:)`` for what is no date.
  @Reactor
  package static func read(
    _ configuration: Configuration, until date: String
  ) async throws(EngineError) -> [ComingChange] {
    let mapping = try Database(mapping: configuration)
    let ledger = try Ledger(configuration)
    defer {
      mapping.close()
      ledger.database.close()
    }
    let instant = try await mapping.instant(date)
    let looks = try await mapping.coming(configuration, until: instant, most: most).map {
      ComingChange(key: $0.key.text, action: .look, at: $0.at)
    }
    return (looks + (try await ledger.coming(until: instant, most: most))).sorted { ($0.at, $0.key) < ($1.at, $1.key) }
  }
}

extension Ledger {
  /// Deletions of leavers' entries that are to come.
  ///
  /// - Parameter instant: nil selects all.
  package func coming(until instant: String? = nil, most: Int) async throws(EngineError) -> [ComingChange] {
    let result = try await database.query(
      """
      SELECT key, dn, \(SQLText.time("at")) FROM rollcall.coming
      WHERE directory = $1 AND ($2::timestamptz IS NULL OR at <= $2::timestamptz) ORDER BY at, key LIMIT $3::bigint
      """, [directory, instant, "\(most)"])
    return (0..<result.rowCount).map { row in
      ComingChange(
        key: result.text(row, 0) ?? "", action: .delete, dn: result.text(row, 1), at: result.text(row, 2) ?? "")
    }
  }
}
