internal import Postgres
package import Reactor
package import RollcallConfiguration
package import RollcallLedger

/// Checks whether the schemas in the mapping's search path can be trusted.
///
/// A function or operator of a schema in the path whose arguments match exactly takes precedence over one of
/// `pg_catalog` that needs a cast, as in `status = 'active'` with a varchar. Therefore only the owners of the data
/// may create objects there. Conversely, an operator whose schema is not in the path is silently replaced by another
/// one: `=` of a citext column is then that of text.
@Reactor
package struct MappingPath {
  /// A session of Rollcall's own, without these schemas in its path.
  private let database: Database
  private let configuration: Configuration

  package init(_ database: Database, _ configuration: Configuration) {
    self.database = database
    self.configuration = configuration
  }

  private var place: String {
    let path =
      if configuration.source.searchPath != nil {
        "source.search_path"
      } else if case .table = configuration.source.relation {
        "source.table"
      } else {
        "source.query"
      }
    return configuration.place(of: path)
  }

  /// Schemas that do not exist, or in which other roles may create objects.
  package func findings() async throws(EngineError) -> [Finding] {
    let result = try await database.query(
      """
      SELECT s.name, n.oid IS NOT NULL, a.grantee = 0, quote_ident(s.name),
        CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
      FROM unnest($1::text[]) WITH ORDINALITY AS s(name, number) LEFT JOIN pg_namespace AS n ON n.nspname = s.name
      LEFT JOIN LATERAL (SELECT DISTINCT e.grantee FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS e
        WHERE e.privilege_type = 'CREATE' AND e.grantee <> n.nspowner
          AND e.grantee <> (SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database())
          AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.oid = e.grantee
            AND (r.rolsuper OR r.rolname = 'pg_database_owner'))) AS a ON n.oid IS NOT NULL
      ORDER BY s.number, a.grantee
      """, [SQLText.array(configuration.source.schemas)])
    var findings: [Finding] = []
    for row in 0..<result.rowCount {
      let schema = result.text(row, 3) ?? ""
      if !result.bool(row, 1) {
        if configuration.source.searchPath == nil { continue }
        findings.append(Finding(.error, place, "there is no schema \(schema)"))
      } else if let grantee = result.text(row, 4), !result.isNull(row, 2) {
        findings.append(
          Finding(
            .error, place,
            "\(grantee == "PUBLIC" ? "everyone" : "the role \(grantee)") may create objects in the schema \(schema), and so "
              + "replace what the mapping calls",
            remedy: "REVOKE CREATE ON SCHEMA \(schema) FROM \(grantee);"))
      }
    }
    return findings
  }

  /// Columns that are read and whose types are outside the mapping's search path.
  package func findings(_ readings: [MappingReading]) async throws(EngineError) -> [Finding] {
    let tables = readings.flatMap(\.tables).filter { !$0.isCatalog }
    var columns: [(oid: Int, name: String?)] = []
    for table in tables {
      guard let names = table.columns else {
        columns.append((table.oid, nil))
        continue
      }
      columns += names.map { (table.oid, $0) }
    }
    return try await unseen(columns)
  }

  /// Whether any column of the configured tables has a type outside the mapping's search path.
  func hasUnseenTypes(_ oids: [Int]) async throws(EngineError) -> Bool {
    try await !unseen(oids.map { ($0, nil) }).isEmpty
  }

  private func unseen(_ columns: [(oid: Int, name: String?)]) async throws(EngineError) -> [Finding] {
    if columns.isEmpty { return [] }
    let result = try await database.query(
      """
      WITH RECURSIVE asked AS (
        SELECT DISTINCT a.attrelid, a.attname, a.atttypid FROM unnest($1::oid[], $2::text[]) AS x(oid, name)
          JOIN pg_attribute AS a ON a.attrelid = x.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND (x.name = '' OR a.attname = x.name)
      ), part (attrelid, attname, type) AS (
        SELECT attrelid, attname, atttypid FROM asked
        UNION SELECT part.attrelid, part.attname, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END
          FROM part JOIN pg_type AS t ON t.oid = part.type
          WHERE t.typtype = 'd' OR t.typcategory = 'A' AND t.typelem <> 0
      )
      SELECT DISTINCT part.attrelid::regclass::text, quote_ident(part.attname), format_type(t.oid, NULL),
        quote_ident(n.nspname)
      FROM part JOIN pg_type AS t ON t.oid = part.type JOIN pg_namespace AS n ON n.oid = t.typnamespace
      WHERE n.nspname <> 'pg_catalog' AND n.nspname <> ALL ($3::text[]) ORDER BY 1, 2
      """,
      [
        SQLText.array(columns.map { "\($0.oid)" }), SQLText.array(columns.map { $0.name ?? "" }),
        SQLText.array(configuration.source.schemas),
      ])
    return (0..<result.rowCount).map { row in
      Finding(
        .error, place,
        "the type \(result.text(row, 2) ?? "") of \(result.text(row, 0) ?? "").\(result.text(row, 1) ?? "") is of a "
          + "schema that the mapping does not see, so that its comparisons would be those of another type",
        remedy: "add \(result.text(row, 3) ?? "") to source.search_path: "
          + "[\((configuration.source.schemas.map { SQLText.identifier($0) } + [result.text(row, 3) ?? ""]).joined(separator: ", "))]"
      )
    }
  }
}

extension Engine {
  /// Checks that no other role can replace what the mapping calls.
  ///
  /// - Throws: ``EngineError/refused(_:)`` with the REVOKE that is needed.
  func requirePath() async throws(EngineError) {
    let findings = try await MappingPath(sessions.database, configuration).findings()
    if !findings.isEmpty { throw .refused(Finding.text(findings)) }
  }
}
