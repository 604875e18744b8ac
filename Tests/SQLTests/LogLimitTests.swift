import Sandbox
import Testing

/// G12: the change log has a bound also where nobody prunes it, and no write fails or waits for that (G9).
@Suite struct LogLimitTests {
  private func watched(limit: Int) async throws -> Database {
    let database = try await CaptureTests.watched()
    try await database.sql("UPDATE rollcall.log_limit SET changes = \(limit)")
    return database
  }

  private func isStopped(_ database: Database) async throws -> Bool {
    try await database.sql("SELECT pg_sequence_last_value('rollcall.ring') = 1") == "t"
  }

  private func count(_ database: Database) async throws -> Int? {
    Int(try await database.sql("SELECT count(*) FROM rollcall.change"))
  }

  @Test("past the limit everyone is logged once, then nothing, until it is armed again")
  func stopsAndIsArmedAgain() async throws {
    let database = try await watched(limit: 100)
    try await database.sql("INSERT INTO users SELECT n, 'a' FROM generate_series(1, 300) n")
    #expect(try await isStopped(database))
    #expect(
      try await database.sql("SELECT count(*), count(*) FILTER (WHERE everyone) FROM rollcall.change") == "301|1")
    let writes = """
      INSERT INTO users VALUES (1001, 'a'); UPDATE users SET name = 'b'; UPDATE users SET id = -id WHERE id = 1;
      DELETE FROM users WHERE id = 2; TRUNCATE users; INSERT INTO users VALUES (3, 'c')
      """
    #expect(try await database.payloads(of: writes) == [])
    try await database.sql("ALTER TABLE users RENAME id TO number; INSERT INTO users VALUES (4, 'd')")
    #expect(try await count(database) == 301)
    let stops = try await database.sql("SELECT pg_sequence_last_value('rollcall.stops')")
    #expect(try await database.sql("SELECT rollcall.rearm() > \(stops)") == "t")
    #expect(
      try await database.sql("SELECT rollcall.rearm() = pg_sequence_last_value('rollcall.stops')") == "t",
      "twice is once")
    try await database.sql("INSERT INTO users VALUES (5, 'e')")
    #expect(try await count(database) == 302)
    // As much as the log may hold is logged before it is looked at again; prune() gives room, too.
    func log(_ first: Int) async throws {
      try await database.sql("INSERT INTO users SELECT n, 'a' FROM generate_series(\(first), \(first + 4499)) n")
    }
    try await database.sql("UPDATE rollcall.log_limit SET changes = 6000; SELECT rollcall.prune()")
    try await log(10_000)
    try await database.sql("SELECT rollcall.prune()")
    try await log(20_000)
    #expect(try await !isStopped(database))
    try await log(30_000)
    #expect(try await isStopped(database))
  }

  @Test("single rows of short sessions are looked at, too") func shortSessions() async throws {
    let database = try await watched(limit: 20)
    // Each session takes 32 values of the sequence: the 4,096th is in the 128th one.
    try await database.sql("SELECT setval('rollcall.change_seq_seq', 4000); SELECT rollcall.rearm()")
    try await database.sql("INSERT INTO users SELECT n, 'a' FROM generate_series(1, 40) n")
    #expect(try await !isStopped(database))
    for n in 101...104 { try await database.sql("INSERT INTO users VALUES (\(n), 'a')") }
    #expect(try await isStopped(database))
  }

  @Test(
    "updates look at the bound, too: those of a row, of its key, and those that are urgent",
    arguments: [("", "name = name || 'b'"), ("", "id = id + 1000"), (", NULL, '{name}'", "name = name || 'b'")])
  func updates(columns: String, change: String) async throws {
    let database = try await CaptureTests.watched(columns)
    try await database.sql("INSERT INTO users SELECT n, 'a' FROM generate_series(1, 300) n")
    #expect(try await !isStopped(database))
    try await database.sql(
      """
      UPDATE rollcall.log_limit SET changes = 10; SELECT setval('rollcall.room', 1);
      SELECT setval('rollcall.change_seq_seq', 4000)
      """)
    try await database.sql("UPDATE users SET \(change)")
    #expect(try await isStopped(database))
    let logged = try await count(database)
    try await database.sql("UPDATE users SET \(change)")
    #expect(try await count(database) == logged)
  }

  @Test("prune() gives room where a directory has settled what it takes away") func pruning() async throws {
    let database = try await watched(limit: 6000)
    func log(_ first: Int) async throws {
      try await database.sql("INSERT INTO users SELECT n, 'a' FROM generate_series(\(first), \(first + 4499)) n")
    }
    try await log(10_000)
    try await database.sql("INSERT INTO rollcall.directory (name, watermark) VALUES ('main', pg_current_snapshot())")
    #expect(try await database.sql("SELECT rollcall.prune()") == "4500")
    try await log(20_000)
    #expect(try await !isStopped(database))
    #expect(try await count(database) == 4500)
  }

  @Test("a stop outlives the transaction that made it, the bell and an upgrade") func outlives() async throws {
    let database = try await watched(limit: 10)
    try await database.sql(
      """
      BEGIN; INSERT INTO users SELECT n, 'a' FROM generate_series(1, 300) n; ROLLBACK;
      INSERT INTO users VALUES (1, 'a')
      """)
    #expect(try await isStopped(database))
    #expect(try await count(database) == 0)
    #expect(try await database.sql("SELECT pg_sequence_last_value('rollcall.stops')") == "1")
    try await database.sql("INSERT INTO rollcall.bell VALUES ('main', true, 'infinity'); DELETE FROM rollcall.bell")
    #expect(try await isStopped(database))
    try await database.install()
    #expect(try await isStopped(database))
  }

  @Test("G9: it waits for nobody, whatever is locked and however old the writer's snapshot is")
  func waitsForNobody() async throws {
    let database = try await watched(limit: 10)
    let locker = Task {
      try await database.sql(
        """
        BEGIN; SELECT FROM rollcall.version FOR UPDATE; SELECT FROM rollcall.log_limit FOR UPDATE;
        LOCK rollcall.directory, rollcall.bell; SELECT pg_sleep(600)
        """)
    }
    try await eventually("it is locked") {
      try await database.sql(
        "SELECT count(*) FROM pg_locks WHERE relation = 'rollcall.bell'::regclass AND mode = 'AccessExclusiveLock' AND granted"
      )
        == "1"
    }
    try await database.sql(
      """
      SET statement_timeout = '60s'; BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT FROM users;
      INSERT INTO users SELECT n, 'a' FROM generate_series(1, 300) n; COMMIT
      """)
    #expect(try await isStopped(database))
    try await database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    _ = await locker.result
  }

  @Test("G15: a stranger can neither stop logging nor take it up again")
  func strangers() async throws {
    let database = try await watched(limit: 1_000_000)
    let (stranger, hr) = ("stranger_\(database.name)", "hr_\(database.name)")
    try await database.sql(
      "CREATE ROLE \(stranger) LOGIN; CREATE ROLE \(hr) LOGIN; GRANT ALL ON users TO \(hr); GRANT USAGE ON SCHEMA rollcall TO \(hr)"
    )
    for role in [stranger, hr, "rollcall_writer"] {
      for sql in [
        "SELECT rollcall.rearm()", "SELECT setval('rollcall.ring', 1)", "SELECT nextval('rollcall.stops')",
        "SELECT setval('rollcall.room', 1)", "UPDATE rollcall.log_limit SET changes = 0", "SELECT rollcall.make_room()",
        "SELECT setval('rollcall.stops', 7)", "SELECT nextval('rollcall.source_id')",
      ] {
        await #expect(throws: (any Error).self, "\(role): \(sql)") {
          try await database.sql("SET SESSION AUTHORIZATION \(role); \(sql)")
        }
      }
    }
    for role in [stranger, hr] {
      await #expect(throws: (any Error).self) { try await database.sql("SELECT rollcall.bound_log()", as: role) }
    }
    try await database.sql(
      "SET rollcall.log_limit = 0; SET rollcall.room = 0; INSERT INTO public.users SELECT n, 'a' FROM generate_series(1, 5000) n",
      as: hr)
    #expect(try await !isStopped(database))
    #expect(try await count(database) == 5000)
  }

  @Test("who may prune in version 1 may take logging up again") func upgrade() async throws {
    let database = try await Database.make(installed: false)
    let role = "daemon_\(database.name)"
    try await database.script("../Tests/Schemas/version-1.sql")
    try await database.sql("CREATE ROLE \(role) LOGIN; \(CaptureTests.users); SELECT rollcall.watch('users', 'id')")
    try await database.script("../Tests/Schemas/version-1-grants.sql", variables: ["role": role])
    try await database.install()
    try await database.sql(
      "UPDATE rollcall.log_limit SET changes = 1; INSERT INTO users SELECT n, 'a' FROM generate_series(1, 300) n")
    #expect(
      try await database.sql(
        """
        SELECT pg_sequence_last_value('rollcall.ring'), pg_sequence_last_value('rollcall.stops'), rollcall.rearm(), changes
        FROM rollcall.log_limit
        """, as: role) == "1|1|2|1")
  }
}
