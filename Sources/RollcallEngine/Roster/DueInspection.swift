internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// Checks whether rows whose dates have passed are found without reading the whole table.
@Reactor
package struct DueInspection {
  /// From so many rows on an index is worth its while.
  package static let large = 10_000

  private let mapping: Database
  private let configuration: Configuration

  /// - Parameter mapping: a session of the mapping.
  package init(_ mapping: Database, _ configuration: Configuration) {
    self.mapping = mapping
    self.configuration = configuration
  }

  /// Expressions of `source.due` of a large table that no index serves.
  package func findings() async throws(EngineError) -> [Finding] {
    let query = RosterQuery(configuration)
    if query.due.isEmpty { return [] }
    guard let rows = await query.estimate(mapping), rows >= DueInspection.large else { return [] }
    let parts = try await DueQuery.read(mapping, query).parts
    var findings: [Finding] = []
    for (part, expression) in zip(parts, query.due) {
      let plan = try await mapping.reading { session throws(EngineError) in
        do throws(PostgresError) {
          // Otherwise a sequential scan may be cheaper with the statistics of the moment.
          try await session.query("SET LOCAL enable_seqscan = off")
          return try await session.query("EXPLAIN (COSTS off) " + DueQuery([part], query).range).lines
        } catch {
          throw .database(error)
        }
      }
      if plan.contains("Index Cond:"), !plan.contains("Seq Scan") { continue }
      findings.append(
        Finding(
          .warning, configuration.place(of: expression.path),
          "no index serves it, so that the table, with some \(rows) rows, is read whenever a date may have passed",
          remedy: "create one: CREATE INDEX ON … (\(part.sql.trimmingBlanks))"))
    }
    return findings
  }
}

extension DueQuery {
  /// The range that is read at each look, with bounds of this moment.
  var range: String {
    let (from, to) = ("(pg_catalog.now() OPERATOR(pg_catalog.-) '1 minute'::pg_catalog.interval)", "pg_catalog.now()")
    return look.replacing("$1", with: from).replacing("$2", with: to).replacing("$3", with: "NULL")
  }
}

extension QueryResult {
  /// The first column of all rows.
  @Reactor fileprivate var lines: String { (0..<rowCount).compactMap { text($0, 0) }.joined(separator: "\n") }
}

extension String {
  fileprivate var trimmingBlanks: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
