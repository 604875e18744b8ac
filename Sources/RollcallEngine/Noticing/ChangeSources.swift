internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallLedger

/// The sources of the change log that concern this directory.
///
/// A source is a table and a column of it; `rollcall.watched` has the id of each. Its keys name people of this roster, or
/// a ``KeyQuery`` finds the people whom they concern, or both. Other directories may watch tables that this one does not
/// read, or a table that it does read by another column: their keys are not keys of this roster.
@Reactor
final class ChangeSources {
  /// Means all sources: logging was stopped.
  private static let all = "0"

  private let pairs: [(table: QualifiedName, key: String)]
  private let queries: [KeyQuery]
  /// Those whose keys name people. Nil until they have been read: all sources count until then.
  private(set) var ids: Set<String>?
  /// Those whose keys each query takes, in the order of the queries.
  private var idsOfQueries: [Set<String>]

  init(_ configuration: Configuration) {
    pairs = configuration.namingPairs
    queries = configuration.keyQueries
    idsOfQueries = queries.map { _ in [] }
  }

  /// Reads them. Earlier sources remain: changes may have been logged before a table was watched anew.
  ///
  /// A caller with a reason to read them reads that reason first: changes logged with an id that is not known yet are
  /// found by the comparison that follows a change of the triggers.
  ///
  /// - Parameter mapping: a session that resolves names as the mapping does.
  func read(_ database: Database, mapping: Database) async throws(EngineError) {
    var found: Set<String> = [ChangeSources.all]
    for (table, key) in pairs { found.formUnion(try await ids(database, mapping, table, key)) }
    var others: [Set<String>] = []
    for query in queries { others.append(try await ids(database, mapping, query.table, query.column)) }
    ids = found.union(ids ?? [])
    for (index, ids) in others.enumerated() { idsOfQueries[index].formUnion(ids) }
  }

  private func ids(
    _ database: Database, _ mapping: Database, _ table: QualifiedName, _ key: String
  ) async throws(EngineError) -> Set<String> {
    guard let oid = try await mapping.oid(of: table) else { return [] }
    let rows = try await database.query(
      "SELECT id::text FROM rollcall.watched WHERE source = $1::oid AND key = $2", [oid, key], timeout: .seconds(20))
    return Set((0..<rows.rowCount).map { rows.text($0, 0) ?? "" })
  }

  /// Whether a source's keys name people.
  func contain(_ id: String) -> Bool { ids?.contains(id) ?? true }

  /// The queries that take a source's keys, by their places.
  func queries(of id: String) -> [Int] { idsOfQueries.indices.filter { idsOfQueries[$0].contains(id) } }

  /// The sources of a query, as an array literal.
  func ids(ofQuery place: Int) -> String { SQLText.array(idsOfQueries[place].sorted()) }

  /// A condition on the column `source`: the keys name people.
  var condition: String {
    guard let ids else { return "true" }
    return "source = ANY (\(SQLText.literal(SQLText.array(ids.sorted())))::oid[])"
  }

  /// A condition on a row of the log: its key names a person, or all rows of a table that is read have changed.
  var naming: String {
    let others = idsOfQueries.reduce(Set<String>()) { $0.union($1) }.subtracting(ids ?? [])
    if ids == nil || others.isEmpty { return condition }
    return "(\(condition) OR everyone AND source = ANY (\(SQLText.literal(SQLText.array(others.sorted())))::oid[]))"
  }
}

extension Configuration {
  /// The names of the tables to be watched, each with the column whose values are logged.
  var watchedPairs: [(table: QualifiedName, key: String)] {
    var pairs: [(table: QualifiedName, key: String)] = []
    for pair in namingPairs + keyQueries.map({ ($0.table, $0.column) }) where !pairs.contains(where: { $0 == pair }) {
      pairs.append(pair)
    }
    return pairs
  }

  /// Those of them whose column names the person.
  fileprivate var namingPairs: [(table: QualifiedName, key: String)] {
    var pairs = source.watch.filter { $0.keys == nil }.map { (table: $0.table, key: $0.key) }
    if case .table(let name) = source.relation { pairs.insert((table: name, key: source.key), at: 0) }
    return pairs
  }

  /// What finds the people whom changes of further tables concern.
  package var keyQueries: [KeyQuery] {
    source.watch.enumerated().compactMap { index, watched in
      watched.keys.map {
        KeyQuery(path: "source.watch[\(index)].keys", table: watched.table, column: watched.key, sql: $0)
      }
    }
  }
}
