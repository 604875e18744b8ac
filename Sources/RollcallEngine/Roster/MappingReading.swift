internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// PostgreSQL's analysis of one part of the mapping: an expression, the key, or the source itself.
package struct MappingReading: Sendable {
  /// A table that it reads, directly or through views, or a view that it reads directly.
  package struct Table: Sendable, Hashable {
    package var oid: Int
    /// Schema and name, quoted where needed.
    package var name: String
    /// `pg_class.relkind`.
    var kind: String
    package var isView: Bool { kind == "v" }
    package var isCatalog: Bool
    /// Nil means all: a whole row is read.
    var columns: Set<String>?
  }

  /// A function whose value may change although no row changes.
  struct Function: Sendable, Hashable {
    var name: String
    /// Whether it is a function of this database; it is unknown what such a function reads.
    var isForeign: Bool
  }

  /// A function whose owner may replace it, and owns nothing that the mapping reads.
  struct Stranger: Sendable, Hashable {
    var function: String
    var owner: String
  }

  /// Its path in the configuration.
  package var path: String
  /// Why PostgreSQL rejects it.
  var failure: PostgresError?
  /// The OID of its type; for a domain that of the base type.
  package var type: UInt32 = 0
  /// Its columns: one, except of a query that is wrong.
  var columns = 1
  package var isArray = false
  package var tables: [Table] = []
  var functions: [Function] = []
  /// The views and functions that it depends on, as far as PostgreSQL tells.
  var code = MappingCode()
  /// Functions that belong neither to a superuser nor to the owner of the database or of the source table.
  var strangers: [Stranger] = []
  /// Whether it is unknown what it reads, because the role may not create temporary views.
  var isBlind = false
  /// Whether it finds the people whom changes concern: what it reads has no part in entries.
  package var isOfKeys: Bool { path.hasPrefix("source.watch") }
  /// Whether it gives keys of people.
  var isOfReferences: Bool { path.hasPrefix("users.references.") || path.hasPrefix("groups.references.") }
  /// Whether it gives those of people whom groups refer to.
  var isOfGroups: Bool { path.hasPrefix("groups.references.") }
  /// Whether it is evaluated once, when a group is created: what it reads need not be watched.
  package var isOnce: Bool { path.hasPrefix(MappingReading.groups) }
  static let groups = "groups.attributes."
  /// Whether a function of this database may read more than it shows.
  var hidesReads: Bool { functions.contains(where: \.isForeign) }
  /// Whether it reads one of these tables, as far as that is known.
  func mayRead(_ oids: [Int]) -> Bool { isBlind || hidesReads || tables.contains { oids.contains($0.oid) } }
}

/// Finds out what the mapping reads, by creating views of its parts and rolling them back.
///
/// PostgreSQL itself records in `pg_depend` which columns a view reads, in subqueries and through other views too.
@Reactor
package struct MappingReader {
  let database: Database
  private let query: RosterQuery
  private let configuration: Configuration

  package init(_ database: Database, _ configuration: Configuration) {
    self.database = database
    self.configuration = configuration
    query = RosterQuery(configuration)
  }

  /// Reads all parts: the source, the key, then the expressions. If the source cannot be read, it is the only one.
  ///
  /// - Throws: ``EngineError`` if the database does not answer; what it rejects is in the readings.
  package func read() async throws(EngineError) -> [MappingReading] {
    try await database.query("BEGIN")
    do throws(EngineError) {
      let readings = try await readAll()
      try await database.query("ROLLBACK")
      return readings
    } catch {
      _ = try? await database.query("ROLLBACK")
      throw error
    }
  }

  private var sourcePath: String {
    if case .table = configuration.source.relation { "source.table" } else { "source.query" }
  }

  private func readAll() async throws(EngineError) -> [MappingReading] {
    let source = try await read(sourcePath, "SELECT 1 AS value FROM \(query.source) AS roster")
    guard source.failure == nil else { return [source] }
    var readings = [source]
    readings.append(
      try await read("source.key", "SELECT \(query.key) AS value FROM \(query.source) AS roster"))
    for condition in [query.scope, query.active].compactMap({ $0 }) {
      let sql = "SELECT ((\(condition.sql)\n) IS TRUE) AS value FROM \(query.source) AS roster"
      readings.append(try await read(condition.path, sql))
    }
    for expression in query.due + query.expressions {
      let column = expression.isCondition ? expression.column : expression.sql
      let sql = "SELECT (\(column)\n) AS value FROM \(query.source) AS roster"
      readings.append(try await read(expression.path, sql))
    }
    for query in configuration.keyQueries { readings.append(try await read(query)) }
    for attribute in configuration.groups?.attributes ?? [] {
      let sql = GroupAttributes.select([attribute.expression], over: "''")
      readings.append(try await read("\(MappingReading.groups)\(attribute.attribute)", sql))
    }
    for reference in configuration.groups?.references ?? [] {
      let sql = GroupAttributes.select([reference.expression], over: "''")
      readings.append(try await read("groups.references.\(reference.attribute)", sql))
    }
    return readings
  }

  private func read(_ query: KeyQuery) async throws(EngineError) -> MappingReading {
    guard let type = try await WatchedType.read(database, query.table, query.column) else {
      var reading = MappingReading(path: query.path)
      reading.failure = PostgresError(
        kind: .server, sqlState: "42703",
        message: "there is no table \(query.table) with a column \(SQLText.identifier(query.column))")
      return reading
    }
    return try await read(query.path, query.analysed(type))
  }

  private func read(_ path: String, _ select: String) async throws(EngineError) -> MappingReading {
    var reading = MappingReading(path: path)
    try await database.query("SAVEPOINT rollcall_probe")
    do throws(EngineError) {
      let session = try await database.session()
      do throws(PostgresError) {
        try await session.prepare("", select)
        let answer = try await session.describe("")
        reading.columns = answer.columnCount
        reading.type = answer.columnCount > 0 ? answer.typeOID(0) : 0
      } catch {
        throw .database(error)
      }
      do throws(EngineError) {
        try await database.query("CREATE TEMPORARY VIEW rollcall_probe AS \(select)")
      } catch {
        // Tables that may not be read cause an error later, when they are read.
        guard case .database(let refusal) = error, refusal.sqlState == "42501" else { throw error }
        reading.isBlind = true
        try await database.query("ROLLBACK TO SAVEPOINT rollcall_probe")
      }
      // From here on the statements are Rollcall's own; the savepoint undoes this.
      try await database.query("SET LOCAL search_path = pg_catalog, pg_temp")
      reading.isArray = try await isArray(reading.type)
      if !reading.isBlind {
        reading.tables = try await tables()
        reading.functions = try await functions()
        reading.strangers = try await strangers()
        reading.code = try await code()
      }
    } catch {
      guard case .database(let refusal) = error, Self.isMistake(refusal) else { throw error }
      reading.failure = refusal
    }
    try await database.query("ROLLBACK TO SAVEPOINT rollcall_probe")
    return reading
  }

  /// Whether the statement is wrong, in contrast to a temporary problem: names and syntax (class 42, 3F), an invalid
  /// constant (22), an unsupported feature (0A).
  private static func isMistake(_ refusal: PostgresError) -> Bool {
    guard let state = refusal.sqlState, refusal.kind == .server else { return false }
    return ["42", "3F", "22", "0A"].contains { state.hasPrefix($0) }
  }

  private func isArray(_ type: UInt32) async throws(EngineError) -> Bool {
    let category = try await database.query("SELECT typcategory = 'A' FROM pg_type WHERE oid = $1::oid", ["\(type)"])
    return !category.isEmpty && category.bool(0, 0)
  }

  /// The rules of the view and of the views below it, and the bodies of functions that PostgreSQL has parsed (BEGIN
  /// ATOMIC): what those read it records too.
  static let rules = """
    WITH RECURSIVE object (class, oid) AS (
      SELECT 'pg_class'::regclass::oid, 'pg_temp.rollcall_probe'::regclass::oid
      UNION
      SELECT d.refclassid, d.refobjid FROM object AS o
        LEFT JOIN pg_rewrite AS r ON o.class = 'pg_class'::regclass AND r.ev_class = o.oid AND r.rulename = '_RETURN'
        JOIN pg_depend AS d ON d.objid = coalesce(r.oid, o.oid)
          AND d.classid = CASE WHEN r.oid IS NULL THEN o.class ELSE 'pg_rewrite'::regclass::oid END
      WHERE d.refclassid = 'pg_class'::regclass
          AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = d.refobjid AND c.relkind = 'v')
        OR d.refclassid = 'pg_proc'::regclass
          AND EXISTS (SELECT FROM pg_proc AS p WHERE p.oid = d.refobjid AND p.prosqlbody IS NOT NULL)
    ), rule AS (
      SELECT 'pg_rewrite'::regclass::oid AS class, r.oid, r.ev_class, r.ev_action::text AS action FROM object AS o
        JOIN pg_rewrite AS r ON o.class = 'pg_class'::regclass AND r.ev_class = o.oid AND r.rulename = '_RETURN'
      UNION ALL
      SELECT o.class, p.oid, 0::oid, p.prosqlbody::text FROM object AS o
        JOIN pg_proc AS p ON o.class = 'pg_proc'::regclass AND p.oid = o.oid
    )
    """

  private func tables() async throws(EngineError) -> [MappingReading.Table] {
    // For a whole-row reference, pg_depend records nothing; the rule has a Var of attribute 0.
    let result = try await database.query(
      """
      \(MappingReader.rules)
      SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relkind, n.nspname = 'pg_catalog',
        bool_or(rule.action ~ ':varattno 0 '), array_agg(DISTINCT a.attname::text) FILTER (WHERE a.attname IS NOT NULL)
      FROM rule JOIN pg_depend AS d ON d.classid = rule.class AND d.objid = rule.oid
          AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class AS c ON c.oid = d.refobjid AND c.oid <> rule.ev_class AND (c.relkind IN ('r', 'p', 'm', 'f')
          OR c.relkind = 'v' AND rule.ev_class IN (0, 'pg_temp.rollcall_probe'::regclass))
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
      GROUP BY 1, 2, 3, 4 ORDER BY 2
      """)
    return (0..<result.rowCount).map { row in
      MappingReading.Table(
        oid: result.int(row, 0) ?? 0, name: result.text(row, 1) ?? "", kind: result.text(row, 2) ?? "",
        isCatalog: result.bool(row, 3),
        columns: result.bool(row, 4) ? nil : Set(result.names(row, 5) ?? []))
    }
  }

  private func strangers() async throws(EngineError) -> [MappingReading.Stranger] {
    let source = if case .table(let table) = configuration.source.relation { table.sql } else { "" }
    let result = try await database.query(
      """
      \(MappingReader.rules)
      SELECT DISTINCT p.oid::regprocedure::text, quote_ident(o.rolname)
      FROM rule, regexp_matches(rule.action, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\\d+)', 'g') AS found
        JOIN pg_proc AS p ON p.oid = found[1]::oid JOIN pg_roles AS o ON o.oid = p.proowner
      WHERE NOT o.rolsuper AND p.proowner <> (SELECT datdba FROM pg_database WHERE datname = current_database())
        AND p.proowner IS DISTINCT FROM (SELECT relowner FROM pg_class WHERE oid = to_regclass(NULLIF($1, '')))
      ORDER BY 1
      """, [source])
    return (0..<result.rowCount).map { row in
      MappingReading.Stranger(function: result.text(row, 0) ?? "", owner: result.text(row, 1) ?? "")
    }
  }

  private func functions() async throws(EngineError) -> [MappingReading.Function] {
    // Operators and aggregates are functions too. PostgreSQL's own functions count if they return the time or are
    // volatile: most of its stable functions depend only on settings, which every session of Rollcall fixes.
    let result = try await database.query(
      """
      \(MappingReader.rules)
      SELECT DISTINCT CASE WHEN p.oid < 16384 THEN p.proname || '()' ELSE p.oid::regprocedure::text END, p.oid >= 16384
      FROM rule, regexp_matches(rule.action, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\\d+)', 'g') AS found
        JOIN pg_proc AS p ON p.oid = found[1]::oid
      WHERE (p.prosqlbody IS NULL OR p.oid < 16384) AND (p.provolatile = 'v' OR p.provolatile = 's' AND (p.oid >= 16384
        OR p.proname IN ('now', 'transaction_timestamp', 'statement_timestamp') OR p.proname = 'age' AND p.pronargs = 1))
      UNION
      SELECT ('{CURRENT_DATE,CURRENT_TIME,CURRENT_TIME,CURRENT_TIMESTAMP,CURRENT_TIMESTAMP,LOCALTIME,LOCALTIME,'
        'LOCALTIMESTAMP,LOCALTIMESTAMP}'::text[])[found[1]::int + 1], false
      FROM rule, regexp_matches(rule.action, '\\{SQLVALUEFUNCTION :op ([0-8]) ', 'g') AS found
      ORDER BY 1
      """)
    return (0..<result.rowCount).map { row in
      MappingReading.Function(name: result.text(row, 0) ?? "", isForeign: result.bool(row, 1))
    }
  }
}

extension QueryResult {
  /// The elements of an array of text or names; nil for NULL.
  package func names(_ row: Int, _ column: Int) -> [String]? {
    guard let bytes = bytes(row, column) else { return nil }
    return (try? ColumnDecoder.values(bytes, oid: 1009))?.compactMap(\.text)
  }
}
