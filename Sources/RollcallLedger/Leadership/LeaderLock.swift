internal import Postgres
internal import Reactor

/// The session that holds the lock of a directory's leader.
package struct LockHolder: Sendable, Equatable {
  /// Nil for a prepared transaction.
  var pid: Int?
  var role: String
  /// The session's application_name; any client can set any name.
  var application: String
  /// When the session began, RFC 3339; nil if this role may not see it.
  package var since: String?
  /// Whether its role may lead: a role that may not write the ledger is not Rollcall's, whatever name it sets.
  package var isRollcall: Bool

  /// `process 4711 of the role mallory (application "psql")`
  package var text: String {
    (pid.map { "process \($0)" } ?? "a prepared transaction") + " of the role \(role)"
      + (application.isEmpty ? "" : " (application \"\(application)\")")
  }

  /// How to remove a stranger.
  package var fix: String {
    pid.map { "SELECT pg_terminate_backend(\($0))" } ?? "look into pg_prepared_xacts and roll it back"
  }
}

extension Leader {
  /// The number of a directory's lock, as SQL over its row `d`: derived from its subject, or chosen instead.
  ///
  /// Another number is chosen if a stranger holds the lock (``Leader``).
  static func number(subject: String) -> String { "coalesce(d.lock_number, \(object(for: subject)))" }

  /// The holder of a directory's lock, according to pg_locks; nil if it is free.
  ///
  /// - Parameter subject: the directory's lock subject (``subject(server:base:)``).
  package static func holder(
    of directory: String, subject: String, _ database: Database
  ) async throws(EngineError) -> LockHolder? {
    // pg_locks shows the numbers as unsigned; a prepared transaction has no process, and also a lock on its own xid.
    let result = try await database.query(
      """
      SELECT l.pid, coalesce(a.usename, x.owner, '?')::text, coalesce(a.application_name, ''),
        \(SQLText.time("coalesce(a.backend_start, x.prepared)")),
        l.mode = 'ExclusiveLock' AND coalesce(has_table_privilege(a.usesysid, 'rollcall.directory', 'UPDATE'), false)
      FROM (VALUES (1)) AS one LEFT JOIN rollcall.directory AS d ON d.name = $1
        JOIN pg_locks AS l ON l.objid::int8 = (\(number(subject: subject))::int8 & 4294967295)
        LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
        LEFT JOIN pg_prepared_xacts AS x
          ON l.pid IS NULL AND x.transaction IN (SELECT t.transactionid FROM pg_locks AS t
            WHERE t.locktype = 'transactionid' AND t.pid IS NULL AND t.virtualtransaction = l.virtualtransaction)
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = \(UInt32(bitPattern: lockClass))
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      ORDER BY 5 DESC, 1 LIMIT 1
      """, [directory], timeout: .seconds(10))
    if result.isEmpty { return nil }
    return LockHolder(
      pid: result.int(0, 0), role: result.text(0, 1) ?? "", application: result.text(0, 2) ?? "",
      since: result.text(0, 3), isRollcall: result.bool(0, 4))
  }

  /// Whether a Rollcall process holds it.
  package static func exists(
    for directory: String, subject: String, _ database: Database
  ) async throws(EngineError) -> Bool {
    try await holder(of: directory, subject: subject, database)?.isRollcall == true
  }

  /// Those of several directories whose locks Rollcall processes hold: pg_locks is read once for all of them.
  ///
  /// - Parameter subjects: each directory's lock subject (``subject(server:base:)``), by its name.
  package static func led(
    _ subjects: [String: String], _ database: Database
  ) async throws(EngineError) -> Set<String> {
    if subjects.isEmpty { return [] }
    let names = subjects.keys.sorted()
    let numbers = names.map { "\(object(for: subjects[$0] ?? ""))" }
    let result = try await database.query(
      """
      SELECT DISTINCT n.name FROM unnest($1::text[], $2::bigint[]) AS n (name, number)
        JOIN rollcall.directory AS d ON d.name = n.name
        JOIN pg_locks AS l ON l.objid::int8 = (coalesce(d.lock_number, n.number)::int8 & 4294967295)
        JOIN pg_stat_activity AS a ON a.pid = l.pid
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = \(UInt32(bitPattern: lockClass))
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.mode = 'ExclusiveLock' AND has_table_privilege(a.usesysid, 'rollcall.directory', 'UPDATE')
      """, [SQLText.array(names), SQLText.array(numbers)], timeout: .seconds(10))
    return Set((0..<result.rowCount).compactMap { result.text($0, 0) })
  }
}
