internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// A query of `source.watch[].keys`: it finds the people whom changed rows of a further table concern.
///
/// It is foreign code like the mapping, and runs as the mapping does: on a session of its own, in a read-only transaction
/// that is rolled back, with the keys of the changed rows as a parameter.
package struct KeyQuery: Sendable, Equatable {
  /// The keys that one statement returns.
  static let page = 10_000

  /// Its path in the configuration.
  package let path: String
  let table: QualifiedName
  /// The column whose values the log has.
  let column: String
  let sql: String

  /// SQL for the relation `changed`.
  ///
  /// - Parameters:
  ///   - value: SQL for the column's value.
  ///   - rest: the FROM clause, if any.
  private func changed(_ type: WatchedType, _ value: String, _ rest: String = "") -> String {
    let collation = type.collation.map { " COLLATE \($0)" } ?? ""
    return "WITH changed (\(SQLText.identifier(column))) AS (SELECT CAST(\(value) AS \(type.sql))\(collation)\(rest))"
  }

  private static let parameter = " FROM pg_catalog.unnest($1::pg_catalog.text[]) AS logged (k)"

  /// The query over no row, as PostgreSQL is to analyse it: its columns are those of the answer.
  func analysed(_ type: WatchedType) -> String {
    // A line break before the closing parenthesis ends a comment at the end of the query.
    "\(changed(type, "NULL")) SELECT * FROM (\n\(sql)\n) AS people"
  }

  /// The keys of the people whom the changed rows in `$1` concern, in order after the key `$2`.
  func people(_ type: WatchedType) -> String {
    """
    SELECT key FROM (
      \(found(type))
    ) AS found WHERE $2::pg_catalog.text IS NULL OR key OPERATOR(pg_catalog.>) $2::pg_catalog.text
    ORDER BY key LIMIT \(KeyQuery.page)
    """
  }

  /// Those of the keys in `$2` whom the changed rows in `$1` concern.
  func people(_ type: WatchedType, among keys: [RosterKey]) -> String {
    "SELECT key FROM (\n\(found(type))\n) AS found WHERE key OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.text[])"
  }

  private func found(_ type: WatchedType) -> String {
    """
    \(changed(type, "logged.k", KeyQuery.parameter))
    SELECT DISTINCT \(RosterKey.sql("people.key::pg_catalog.text")) COLLATE pg_catalog."C" AS key FROM (
    \(sql)
    ) AS people (key) WHERE people.key IS NOT NULL
    """
  }

  /// Reads the keys in `$1` as values of the column, and nothing else.
  func values(_ type: WatchedType) -> String {
    "\(changed(type, "logged.k", KeyQuery.parameter)) SELECT pg_catalog.count(changed.*) FROM changed"
  }

  /// Why an answer of these columns does not name people; nil if it does.
  ///
  /// - Parameter roster: the type of the roster's key; nil if it is not known.
  static func complaint(columns: Int, type: UInt32, roster: KeyType?) -> String? {
    if columns != 1 { return "returns \(columns) columns; it must return one, the keys of the people concerned" }
    guard let own = KeyType(oid: type) else {
      return "returns no keys: they are integers, uuid, text or varchar, as source.key is"
    }
    guard let roster, !own.isLike(roster) else { return nil }
    return "returns \(own.name), and source.key is of type \(roster.name)"
  }
}

/// The type of a watched table's column, in SQL: its values in the log become values of that type again.
struct WatchedType: Sendable, Equatable {
  /// Without a length, which would cut values off.
  var sql: String
  /// The column's collation, if it is not the type's.
  var collation: String?

  /// Looks it up in a session of the mapping, in which the names are then used.
  ///
  /// - Returns: nil if there is no such table or column.
  @Reactor static func read(
    _ mapping: Database, _ table: QualifiedName, _ column: String
  ) async throws(EngineError) -> WatchedType? {
    let found = try await mapping.query(
      """
      SELECT pg_catalog.format_type(a.atttypid, -1), CASE WHEN a.attcollation OPERATOR(pg_catalog.<>) t.typcollation THEN
        (SELECT pg_catalog.format('%I.%I', n.nspname, c.collname) FROM pg_catalog.pg_collation AS c
           JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.collnamespace
         WHERE c.oid OPERATOR(pg_catalog.=) a.attcollation) END
      FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
      WHERE a.attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1::pg_catalog.text)
        AND a.attname OPERATOR(pg_catalog.=) $2::pg_catalog.name AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
        AND NOT a.attisdropped
      """, [table.sql, column])
    guard !found.isEmpty, let sql = found.text(0, 0) else { return nil }
    return WatchedType(sql: sql, collation: found.text(0, 1))
  }
}

extension KeyQuery {
  /// Has PostgreSQL plan the query as it will be asked, with the rights of the session's role; a session of the mapping.
  @Reactor package func rehearse(_ mapping: Database) async throws(EngineError) {
    guard let type = try await WatchedType.read(mapping, table, column) else { return }
    _ = try await mapping.read("EXPLAIN " + people(type), ["{}", nil])
  }

  /// Finds out the column's type and whether the answer names people of the roster; on a session of the mapping.
  ///
  /// - Throws: ``EngineError``, also if the query does not fit the table or the roster.
  @Reactor func prepare(_ mapping: Database, roster: KeyType) async throws(EngineError) -> WatchedType {
    guard let type = try await WatchedType.read(mapping, table, column) else {
      throw .refused("there is no table \(table) with a column \(SQLText.identifier(column))")
    }
    let empty = try await mapping.read(analysed(type) + " LIMIT 0")
    let complaint = KeyQuery.complaint(
      columns: empty.columnCount, type: empty.columnCount == 1 ? empty.typeOID(0) : 0, roster: roster)
    if let complaint { throw .refused("the query \(complaint)") }
    return type
  }
}
