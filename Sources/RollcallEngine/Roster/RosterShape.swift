internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// The columns of the roster's SELECT in one session: determined anew in each, because tables are altered.
struct RosterShape: Sendable, Equatable {
  let key: KeyType
  /// The OID of the table or view whose column the key is; 0 if it is computed.
  let origin: UInt32
  /// The value columns.
  let columns: [Column]
  /// The columns of the answer to ``RosterQuery/selectByKey(_:withoutSecrets:)``, by the OIDs of their types: text,
  /// two booleans, bigint, and the values.
  let answer: [UInt32]

  struct Column: Sendable, Equatable {
    var type: ColumnType
    /// SQL for the octets of its value `\(name)`; nil if every value is small.
    var size: Size

    enum Size: Sendable, Equatable {
      case few
      /// `octet_length` of text or bytea, for which PostgreSQL need not read a value that is stored out of line.
      case text, blankPadded, octets
      /// Known only from the value's text.
      case other
    }

    /// SQL for the octets of a column.
    func octets(_ name: String) -> String? {
      switch size {
      case .few: nil
      case .text: "pg_catalog.octet_length(\(name)::pg_catalog.text)"
      case .blankPadded: "pg_catalog.octet_length(\(name)::pg_catalog.bpchar)"
      case .octets: "pg_catalog.octet_length(\(name)::pg_catalog.bytea)"
      // A compressed value shrinks to a two-hundredth at most. format() calls the type's output function, which no
      // user can define in SQL.
      case .other:
        """
        CASE WHEN pg_catalog.pg_column_size(\(name)) OPERATOR(pg_catalog.<) 2000
          THEN pg_catalog.pg_column_size(\(name)) ELSE pg_catalog.octet_length(pg_catalog.format('%s', \(name))) END
        """
      }
    }
  }

  /// The number of columns before the values: key, scope, active, octets.
  static let leading = 4
}

extension RosterShape {
  /// Whether an answer has the requested columns. Otherwise a table was altered meanwhile, and the answer proves
  /// nothing.
  @Reactor func fits(_ result: QueryResult) -> Bool {
    result.columnCount == answer.count && answer.indices.allSatisfy { result.typeOID($0) == answer[$0] }
  }

  /// Determines the columns by asking PostgreSQL.
  ///
  /// - Throws: ``EngineError``, also if the key's type cannot be a key, or a reference's cannot be that of keys.
  @Reactor static func read(_ database: Database, _ query: RosterQuery) async throws(EngineError) -> RosterShape {
    // No row is read. A named statement could have been replaced before it is described.
    let described = try await database.read(query.columnsOnly + "\nLIMIT 0")
    let key = try keyType(described, query)
    let oids = (1..<described.columnCount).map { described.typeOID($0) }
    for (expression, oid) in zip(query.expressions, oids) where expression.isReference {
      guard let found = key.misreference(oid) else { continue }
      throw .refused("\(expression.path) \(found.message); \(found.remedy)")
    }
    let types = try await UserTypes.read(database, oids)
    return RosterShape(
      key: key, origin: described.tableOID(0), columns: oids.map { column($0, types) },
      answer: [25, 16, 16, 20] + oids)
  }

  /// The key's type alone, where the rest of the mapping cannot be read.
  @Reactor static func keyType(_ database: Database, _ query: RosterQuery) async throws(EngineError) -> KeyType {
    try keyType(try await database.read("SELECT \(query.key) FROM \(query.source) AS roster LIMIT 0"), query)
  }

  @Reactor private static func keyType(_ described: QueryResult, _ query: RosterQuery) throws(EngineError) -> KeyType {
    guard let key = KeyType(oid: described.typeOID(0)) else {
      throw .refused(
        "the key \(query.key) has a type that cannot be a key; it must be an integer, uuid, text or varchar")
    }
    return key
  }

  private static func column(_ oid: UInt32, _ types: [UInt32: UserTypes.Found]) -> Column {
    let found = types[oid]
    // Lower OIDs are PostgreSQL's own.
    let type = (oid < 16384 ? nil : found?.columnType) ?? ColumnType(oid: oid)
    let size: Column.Size =
      switch oid {
      case 17: .octets
      case 25, 1043, 19: .text
      case 1042: .blankPadded
      default: found.map { $0.length > 0 } == true ? .few : .other
      }
    return Column(type: type, size: size)
  }
}

/// Information about types that the program does not know by their OIDs.
enum UserTypes {
  struct Found: Sendable {
    /// `pg_type.typlen`: the octets of each value; negative if they vary.
    var length: Int
    /// The type of the elements of an array with an unknown OID.
    var element: UInt32?
    var columnType: ColumnType? { element.map { .array(of: ColumnType(oid: $0)) } }
  }

  /// Looks up types. The elements of an array of a domain have the base type.
  @Reactor static func read(_ database: Database, _ oids: [UInt32]) async throws(EngineError) -> [UInt32: Found] {
    let result = try await database.query(
      """
      WITH RECURSIVE base (oid, element, kind) AS (
        SELECT t.oid, e.oid, e.typtype FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_type AS e ON e.oid
            OPERATOR(pg_catalog.=) t.typelem
          WHERE t.typcategory OPERATOR(pg_catalog.=) 'A'::"char" AND t.typdelim OPERATOR(pg_catalog.=) ','::"char"
            AND t.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
        UNION ALL
        SELECT b.oid, e.oid, e.typtype FROM base AS b JOIN pg_catalog.pg_type AS d ON d.oid OPERATOR(pg_catalog.=) b.element
          JOIN pg_catalog.pg_type AS e ON e.oid OPERATOR(pg_catalog.=) d.typbasetype
          WHERE b.kind OPERATOR(pg_catalog.=) 'd'::"char"
      )
      SELECT t.oid, t.typlen, (SELECT b.element FROM base AS b WHERE b.oid OPERATOR(pg_catalog.=) t.oid
        AND b.kind OPERATOR(pg_catalog.<>) 'd'::"char")
      FROM pg_catalog.pg_type AS t WHERE t.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
      """, [SQLText.array(Set(oids).map { "\($0)" })])
    var found: [UInt32: Found] = [:]
    for row in 0..<result.rowCount {
      guard let oid = result.int(row, 0).map({ UInt32($0) }) else { continue }
      found[oid] = Found(length: result.int(row, 1) ?? -1, element: result.int(row, 2).map { UInt32($0) })
    }
    return found
  }
}
