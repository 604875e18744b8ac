internal import Postgres
internal import Reactor
internal import RollcallLedger

/// What a table's owner needs to watch it where somebody else has installed the schema.
@Reactor
enum OwnerRights {
  /// Checks that the session's role can look at what is installed and watch its tables.
  ///
  /// - Throws: ``EngineError/refused(_:)`` with the grants that are missing.
  static func require(_ database: Database) async throws(EngineError) {
    // By the catalogues: names in a schema that may not be used cannot be looked up. be_patient() is called only where a
    // table is in use, so without it most calls succeed; it is granted with the rest.
    let found = try await database.query(
      """
      WITH relations AS (
        SELECT string_agg(format('%I.%I', nspname, relname), ', ' ORDER BY relname) AS names FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE nspname = 'rollcall' AND relname IN ('version', 'watched', 'directory')
          AND NOT has_table_privilege(c.oid, 'SELECT')
      ), functions AS (
        SELECT string_agg(format('%I.%I', nspname, proname), ', ' ORDER BY proname) AS names,
          bool_or(proname NOT IN ('be_patient', 'unwatch')) AS needed
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE nspname = 'rollcall' AND proname IN ('watch', 'unwatch', 'build', 'tidy', 'be_patient')
          AND NOT has_function_privilege(p.oid, 'EXECUTE')
      ), missing AS (
        SELECT format('GRANT USAGE ON SCHEMA rollcall TO %I', current_user) AS sql, true AS needed
        WHERE NOT has_schema_privilege('rollcall', 'USAGE')
        UNION ALL SELECT format('GRANT SELECT ON %s TO %I', names, current_user), true FROM relations WHERE names <> ''
        UNION ALL
        SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', names, current_user), needed FROM functions WHERE names <> ''
      )
      SELECT string_agg(sql || ';', ' '), bool_or(needed), current_user,
        (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'rollcall')
      FROM missing
      """)
    guard found.bool(0, 1), let grants = found.text(0, 0) else { return }
    throw .refused(
      "the schema \"rollcall\" is installed, and \(found.text(0, 2) ?? "this role") has no rights on it. To let it watch its "
        + "own tables, run as a superuser or as the role that installed the schema: \(grants) Then run this again")
  }
}
