internal import Postgres
internal import Reactor
internal import RollcallLedger

/// The database role of the daemon, as far as it is missing.
@Reactor
struct DaemonRole {
  /// One statement, and what to say when it was carried out.
  struct Step: Equatable {
    var sql: String
    var done: String
  }

  let database: Database
  let role: String

  /// The role itself, and what lets it read the tables; `rollcall install` grants the rest.
  func missing(_ facts: TableFacts) async throws(EngineError) -> [Step] {
    let name = SQLText.identifier(role)
    var steps: [Step] = []
    let known = try await database.query("SELECT FROM pg_roles WHERE rolname = $1", [role])
    if known.isEmpty { steps.append(Step(sql: "CREATE ROLE \(name) LOGIN", done: "made the role \(role)")) }
    for table in [facts.table] + facts.memberships.prefix(1).map(\.table) {
      let found = try await database.query(
        """
        SELECT quote_ident(nspname),
          coalesce((SELECT has_schema_privilege(r.oid, n.oid, 'USAGE') FROM pg_roles r WHERE rolname = $2), false),
          coalesce((SELECT has_table_privilege(r.oid, c.oid, 'SELECT') FROM pg_roles r WHERE rolname = $2), false)
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = $1::regclass
        """, [table, role])
      let schema = found.text(0, 0) ?? "public"
      // Everybody may use the schema public, unless that was taken away.
      if !found.bool(0, 1), schema != "public" || !known.isEmpty {
        steps.append(
          Step(sql: "GRANT USAGE ON SCHEMA \(schema) TO \(name)", done: "let \(role) use the schema \(schema)"))
      }
      if !found.bool(0, 2) {
        steps.append(Step(sql: "GRANT SELECT ON \(table) TO \(name)", done: "let \(role) read \(table)"))
      }
    }
    return steps
  }
}
