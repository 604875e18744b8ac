internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallLedger

/// A digest of everything that determines whether changes are logged: the tables behind the configured names, their
/// partitions, the triggers and the subscriptions, and the views and functions that the mapping depends on.
///
/// If it has changed, changes may have gone unlogged in between, even if all is well now.
enum CaptureSignature {
  /// Why everybody is compared where it has changed.
  static let change = "tables or triggers were changed, or views or functions that the mapping depends on"

  /// - Parameters:
  ///   - tables: the names of the tables to be watched; one may be a view.
  ///   - keys: what finds the people whom changes of them concern; without any, digests are as they were before.
  ///   - code: what the mapping depends on; without any, digests are as they were before.
  ///   - mapping: a session that resolves names as the mapping does.
  @Reactor
  static func read(
    _ database: Database, mapping: Database, _ tables: [QualifiedName], _ keys: [KeyQuery],
    _ code: MappingCode
  ) async throws(EngineError) -> String {
    var oids: [String] = []
    for table in tables { oids.append(try await mapping.oid(of: table) ?? "0") }
    // The xmin of a catalog row is the transaction that last changed it. This locks no table.
    let result = try await database.query(
      """
      WITH RECURSIVE tree (oid) AS (
        SELECT unnest($1::oid[])
        UNION SELECT i.inhrelid FROM tree JOIN pg_inherits AS i ON i.inhparent = tree.oid
      )
      SELECT md5(concat_ws('|', $1::text,
        (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM tree),
        (SELECT string_agg(concat_ws(' ', t.oid, t.xmin, t.tgenabled), ',' ORDER BY t.oid)
         FROM tree JOIN pg_trigger AS t ON t.tgrelid = tree.oid JOIN pg_proc AS p ON p.oid = t.tgfoid
           JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = 'rollcall'),
        (SELECT string_agg(concat_ws(' ', s.srrelid, s.srsubid), ',' ORDER BY s.srrelid, s.srsubid)
         FROM tree JOIN pg_subscription_rel AS s ON s.srrelid = tree.oid),
        (SELECT string_agg(concat_ws(' ', r.oid, r.xmin), ',' ORDER BY r.oid)
         FROM tree JOIN pg_rewrite AS r ON r.ev_class = tree.oid), $2::text,
        (SELECT string_agg(concat_ws(' ', r.oid, r.xmin), ',' ORDER BY r.oid)
         FROM pg_rewrite AS r WHERE r.ev_class = ANY ($3::oid[])),
        -- A GRANT changes xmin, too.
        (SELECT string_agg(concat_ws(' ', p.oid, md5(concat_ws('|', p.prolang, p.prosrc, p.probin, p.prosqlbody::text,
           p.proconfig::text, p.prosecdef))), ',' ORDER BY p.oid)
         FROM pg_proc AS p WHERE p.oid = ANY ($4::oid[]))))
      """,
      [
        SQLText.array(oids), keys.isEmpty ? nil : "\(keys.map { [$0.path, $0.column, $0.sql] })",
        SQLText.array(code.views.map { "\($0)" }), SQLText.array(code.functions.map { "\($0)" }),
      ], timeout: .seconds(20))
    return result.text(0, 0) ?? ""
  }
}

extension Configuration {
  /// The names of the tables to be watched.
  var watchedTables: [QualifiedName] {
    var tables = source.watch.map(\.table)
    if case .table(let name) = source.relation { tables.insert(name, at: 0) }
    return tables
  }
}
