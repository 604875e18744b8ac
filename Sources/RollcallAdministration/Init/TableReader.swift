internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallEngine
internal import RollcallLedger

/// Reads what PostgreSQL's catalogues say of a table, and nothing of its rows but the values of a status.
@Reactor
struct TableReader {
  let database: Database

  /// - Parameter name: as the configuration has it; without a schema it is looked for in all that are not PostgreSQL's.
  /// - Throws: ``EngineError/refused(_:)`` where there is no such table, or several.
  func read(_ name: QualifiedName) async throws(EngineError) -> TableFacts {
    let (oid, kind) = try await find(name)
    let table = try await database.query(
      """
      SELECT format('%I.%I', nspname, relname), nspname, obj_description(c.oid, 'pg_class')
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = $1::oid
      """, [oid])
    var facts = TableFacts(
      table: table.text(0, 0) ?? name.sql, schema: table.text(0, 1) ?? "public", comment: table.text(0, 2), columns: [])
    try await readColumns(oid, &facts)
    try await readKeys(oid, &facts)
    facts.memberships = try await memberships(oid, facts)
    // Of a view or a foreign table a look at the rows would run code of others.
    if ["r", "p", "m"].contains(kind) { try await readValues(&facts) }
    return facts
  }

  /// Tables that could be people's, for a question: those with a column for an address.
  func candidates() async throws(EngineError) -> [String] {
    let found = try await database.query(
      """
      SELECT DISTINCT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
      WHERE relkind IN ('r', 'p', 'v') AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'rollcall')
        AND attname ~* '(mail|login|user|vorname|first)' ORDER BY 1 LIMIT 20
      """)
    return (0..<found.rowCount).compactMap { found.text($0, 0) }
  }

  private func find(_ name: QualifiedName) async throws(EngineError) -> (oid: String, kind: String) {
    let found = try await database.query(
      """
      SELECT c.oid, c.relkind, format('%I.%I', nspname, relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relname = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname !~ '^pg_'
        AND nspname NOT IN ('information_schema', 'rollcall') AND ($2::text IS NULL OR nspname = $2)
      ORDER BY nspname <> 'public', nspname
      """, [name.name, name.schema])
    if found.isEmpty {
      let others = try await candidates()
      let hint = others.isEmpty ? "" : "; tables that look like people: \(others.joined(separator: ", "))"
      throw .refused("there is no table \(name.sql) in this database that \(try await user()) can see\(hint)")
    }
    if found.rowCount > 1 {
      let names = (0..<found.rowCount).compactMap { found.text($0, 2) }
      throw .refused(
        "there are several tables of that name, so --table needs a schema: \(names.joined(separator: ", "))")
    }
    return (found.text(0, 0) ?? "", found.text(0, 1) ?? "")
  }

  private func user() async throws(EngineError) -> String {
    try await database.query("SELECT current_user").text(0, 0) ?? ""
  }

  private func readColumns(_ oid: String, _ facts: inout TableFacts) async throws(EngineError) {
    // A domain is what it is made of, an array what its elements are.
    let found = try await database.query(
      """
      WITH RECURSIVE base (attnum, type) AS (
        SELECT attnum, atttypid FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT b.attnum, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
      )
      SELECT a.attname, quote_ident(a.attname), t.typname, t.typtype, col_description(a.attrelid, a.attnum),
        n.nspname, (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
        (SELECT tn.nspname FROM pg_type x JOIN pg_namespace tn ON tn.oid = x.typnamespace WHERE x.oid = a.atttypid)
      FROM base b JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd' JOIN pg_namespace n ON n.oid = t.typnamespace
        JOIN pg_attribute a ON a.attrelid = $1::oid AND a.attnum = b.attnum
      ORDER BY a.attnum
      """, [oid])
    for row in 0..<found.rowCount {
      let kind = Self.kind(found.text(row, 2) ?? "", found.text(row, 3) ?? "")
      facts.columns.append(
        TableFacts.Column(
          found.text(row, 0) ?? "", sql: found.text(row, 1), kind, comment: found.text(row, 4),
          values: found.names(row, 6) ?? []))
      for schema in [found.text(row, 5), found.text(row, 7)].compactMap({ $0 })
      where schema != "pg_catalog" && schema != facts.schema && !facts.typeSchemas.contains(schema) {
        facts.typeSchemas.append(schema)
      }
    }
    facts.typeSchemas.sort()
  }

  private static func kind(_ name: String, _ type: String) -> TableFacts.Kind {
    if type == "e" { return .enumeration }
    switch name {
    case "text", "varchar", "bpchar", "citext", "name": return .text
    case "_text", "_varchar", "_citext": return .texts
    case "int2", "int4", "int8": return .integer
    case "uuid": return .uuid
    case "bool": return .boolean
    case "date": return .date
    case "timestamp", "timestamptz": return .time
    default: return .other
    }
  }

  private func readKeys(_ oid: String, _ facts: inout TableFacts) async throws(EngineError) {
    let found = try await database.query(
      """
      SELECT i.indisprimary, array_agg(a.attname::text ORDER BY k.n), bool_and(a.attnotnull)
      FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(column_, n)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.column_
      WHERE i.indrelid = $1::oid AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND k.n <= i.indnkeyatts
      GROUP BY i.indexrelid, i.indisprimary ORDER BY i.indexrelid
      """, [oid])
    for row in 0..<found.rowCount {
      let names = found.names(row, 1) ?? []
      if found.bool(row, 0) {
        facts.primaryKey = names
      } else if names.count == 1, found.bool(row, 2) {
        facts.uniques += names
      }
    }
    let references = try await database.query(
      """
      SELECT a.attname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
      WHERE k.contype = 'f' AND k.conrelid = $1::oid AND k.confrelid = $1::oid AND cardinality(k.conkey) = 1 ORDER BY 1
      """, [oid])
    facts.selfReferences = (0..<references.rowCount).compactMap { references.text($0, 0) }
  }

  /// Tables whose primary key is a person and one more column.
  private func memberships(_ oid: String, _ facts: TableFacts) async throws(EngineError) -> [TableFacts.Membership] {
    let found = try await database.query(
      """
      SELECT format('%I.%I', n.nspname, c.relname), quote_ident(p.attname), quote_ident(g.attname), g.oid_, g.typname
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute p ON p.attrelid = c.oid AND p.attnum = k.conkey[1]
        JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 2 AND p.attnum = ANY (i.indkey)
        JOIN LATERAL (SELECT a.attname, a.attnum AS oid_, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
          WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey) AND a.attnum <> p.attnum) AS g ON true
      WHERE k.contype = 'f' AND k.confrelid = $1::oid AND c.oid <> k.confrelid AND cardinality(k.conkey) = 1
      ORDER BY 1
      """, [oid])
    var memberships: [TableFacts.Membership] = []
    for row in 0..<found.rowCount {
      guard let table = found.text(row, 0), let person = found.text(row, 1), let group = found.text(row, 2) else {
        continue
      }
      let names = try await names(of: table, column: found.int(row, 3) ?? 0)
      let isText = ["text", "varchar", "bpchar", "name"].contains(found.text(row, 4) ?? "")
      if isText || names != nil {
        memberships.append(
          TableFacts.Membership(table: table, person: person, group: group, names: isText ? nil : names))
      }
    }
    return memberships
  }

  /// Where the name of a group stands that a column refers to.
  private func names(
    of table: String, column: Int
  ) async throws(EngineError) -> (table: String, key: String, name: String)? {
    let found = try await database.query(
      """
      SELECT format('%I.%I', n.nspname, c.relname), quote_ident(y.attname), quote_ident(a.attname)
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute y ON y.attrelid = c.oid AND y.attnum = k.confkey[1]
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('name', 'code', 'title', 'role', 'label')
      WHERE k.contype = 'f' AND k.conrelid = $1::regclass AND k.conkey = ARRAY[$2::int2]
      ORDER BY array_position(ARRAY['name', 'code', 'title', 'role', 'label'], a.attname::text) LIMIT 1
      """, [table, "\(column)"])
    guard !found.isEmpty, let other = found.text(0, 0), let key = found.text(0, 1), let name = found.text(0, 2) else {
      return nil
    }
    return (other, key, name)
  }

  /// Whether there are rows, and what a column that looks like a status says in the first ten thousand of them.
  private func readValues(_ facts: inout TableFacts) async throws(EngineError) {
    do throws(EngineError) {
      let some = try await database.read("SELECT FROM \(facts.table) LIMIT 1")
      facts.isEmpty = some.isEmpty
      guard let status = ColumnRoles(facts.columns)[.status], [.text, .integer].contains(status.kind),
        let index = facts.columns.firstIndex(of: status)
      else { return }
      let found = try await database.read(
        """
        SELECT pg_catalog.left(v, 40) FROM (SELECT DISTINCT \(status.sql)::pg_catalog.text FROM
          (SELECT \(status.sql) FROM \(facts.table) WHERE \(status.sql) IS NOT NULL LIMIT 10000) AS rows_seen LIMIT 20) AS seen(v)
        ORDER BY 1
        """)
      facts.columns[index].values = (0..<found.rowCount).compactMap { found.text($0, 0) }
    } catch {
      guard case .database(let refusal) = error, refusal.sqlState == "42501" else { throw error }
      // Who may not read the rows can still have a proposal.
    }
  }
}
