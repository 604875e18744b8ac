internal import Postgres
internal import Reactor
internal import RollcallLedger

/// What others have put on the tables of the schema `rollcall`, or may put there.
///
/// A trigger runs with the rights of whoever writes: of `rollcall_writer` for a write of HR's, which it can make fail,
/// and of `rollcall_owner` when the log is pruned.
extension Ledger {
  /// In words; nil where there is nothing.
  func strangersInSchema() async throws(EngineError) -> String? {
    try await database.query(
      """
      SELECT string_agg(DISTINCT what, ', ') FROM (
        SELECT format('the trigger %I of %s', tgname, tgrelid::regclass)
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid
        WHERE relnamespace = 'rollcall'::regnamespace AND NOT tgisinternal AND pronamespace <> relnamespace
        UNION ALL
        SELECT format('the foreign key %I of %s', conname, conrelid::regclass)
        FROM pg_constraint k JOIN pg_class c ON c.oid = confrelid
        WHERE contype = 'f' AND relnamespace = 'rollcall'::regnamespace
        UNION ALL
        SELECT format('the right %s of %s on %s', a.privilege_type,
          CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, c.oid::regclass)
        FROM pg_class c CROSS JOIN LATERAL aclexplode(relacl) AS a
        WHERE relnamespace = 'rollcall'::regnamespace AND a.privilege_type IN ('TRIGGER', 'REFERENCES')
          AND a.grantee <> relowner
      ) AS found (what)
      """
    ).text(0, 0)
  }
}
