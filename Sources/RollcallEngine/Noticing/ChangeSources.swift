internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallLedger

/// The sources of the change log that concern this directory.
///
/// A source is a table and a column of it that names people; `rollcall.watched` has the id of each. Other directories
/// may watch tables that this one does not read, or a table that it does read by another column: their keys are not
/// keys of this roster.
@Reactor
final class ChangeSources {
  /// Means all sources: logging was stopped.
  private static let all = "0"

  private let pairs: [(table: QualifiedName, key: String)]
  /// Nil until they have been read: all sources count until then.
  private(set) var ids: Set<String>?

  init(_ configuration: Configuration) { pairs = configuration.watchedPairs }

  /// Reads them. Earlier sources remain: changes may have been logged before a table was watched anew.
  ///
  /// A caller with a reason to read them reads that reason first: changes logged with an id that is not known yet are
  /// found by the comparison that follows a change of the triggers.
  ///
  /// - Parameter mapping: a session that resolves names as the mapping does.
  func read(_ database: Database, mapping: Database) async throws(EngineError) {
    var found: Set<String> = [ChangeSources.all]
    for (table, key) in pairs {
      guard let oid = try await mapping.oid(of: table) else { continue }
      let rows = try await database.query(
        "SELECT id::text FROM rollcall.watched WHERE source = $1::oid AND key = $2", [oid, key], timeout: .seconds(20))
      for row in 0..<rows.rowCount { found.insert(rows.text(row, 0) ?? "") }
    }
    ids = found.union(ids ?? [])
  }

  func contain(_ id: String) -> Bool { ids?.contains(id) ?? true }

  /// A condition on the column `source`.
  var condition: String {
    guard let ids else { return "true" }
    return "source = ANY (\(SQLText.literal(SQLText.array(ids.sorted())))::oid[])"
  }
}

extension Configuration {
  /// The names of the tables to be watched, each with the column that names the person.
  var watchedPairs: [(table: QualifiedName, key: String)] {
    var pairs = source.watch.map { (table: $0.table, key: $0.key) }
    if case .table(let name) = source.relation { pairs.insert((table: name, key: source.key), at: 0) }
    return pairs
  }
}
