import Sandbox
import Testing

/// A writer whose snapshot is older than a change of the table: what its triggers find in the catalogue is not what the
/// table is like.
@Suite struct StaleSnapshotTests {
  private static let deadline = "clock_timestamp() > statement_timestamp() + interval '1 minute'"

  /// Waits until a session of this database has the lock 7, or waits for it.
  private static func untilLock(granted: Bool) -> String {
    """
    DO $$ BEGIN LOOP
      EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND granted = \(granted)
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()));
      IF \(deadline) THEN RAISE 'nobody took the lock'; END IF;
      PERFORM pg_sleep(0.01);
    END LOOP; END $$;
    """
  }

  @Test(
    "G9, G15: a column that is renamed or dropped under a snapshot fails no write, and calls nobody's function",
    arguments: [
      ("", "RENAME COLUMN id TO number", "'{name}'"), ("", "RENAME COLUMN id TO number", "NULL"),
      ("", "DROP COLUMN id", "'{name}'"), ("", "DROP COLUMN id", "NULL"),
      ("PARTITION BY HASH (name)", "RENAME COLUMN id TO number", "NULL"),
    ], ["READ COMMITTED", "REPEATABLE READ"])
  func columns(_ given: (table: String, change: String, columns: String), level: String) async throws {
    let database = try await Database.make()
    let stranger = "stranger_\(database.name)"
    // What is written as (row).id finds such a function where there is no such column.
    try await database.sql(
      """
      CREATE ROLE \(stranger); GRANT CREATE ON SCHEMA public TO \(stranger);
      CREATE SCHEMA hr; CREATE TABLE hr.users (id int, name text) \(given.table);
      \(given.table.isEmpty ? "" : "CREATE TABLE hr.only PARTITION OF hr.users FOR VALUES WITH (MODULUS 1, REMAINDER 0);")
      INSERT INTO hr.users VALUES (1, 'a'), (2, 'b');
      SELECT rollcall.watch('hr.users', 'id', \(given.columns));
      GRANT USAGE ON SCHEMA hr TO PUBLIC; SET ROLE \(stranger);
      CREATE FUNCTION public.id(hr.users) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'a function of % runs as %', '\(stranger)', current_user; END $$;
      """)
    let altering = Task {
      try await database.sql(
        """
        SELECT pg_advisory_lock(7); \(Self.untilLock(granted: false))
        ALTER TABLE hr.users \(given.change); SELECT pg_advisory_unlock(7)
        """)
    }
    // With its own statements, which do not name the column: each has to log its rows nevertheless.
    try await database.sql(
      """
      \(Self.untilLock(granted: true))
      BEGIN ISOLATION LEVEL \(level); SELECT txid_current(); SELECT pg_advisory_lock(7);
      UPDATE hr.users SET name = name || 'c'; DELETE FROM hr.users WHERE name = 'ac';
      INSERT INTO hr.users SELECT * FROM hr.users; DELETE FROM hr.users WHERE name = 'bc';
      COMMIT
      """)
    _ = try await altering.value
    let logged = try await database.logged()
    #expect(logged == (given.change.hasPrefix("DROP") ? ["*"] : ["1", "2", "1", "2", "2", "2"]))
  }
}
