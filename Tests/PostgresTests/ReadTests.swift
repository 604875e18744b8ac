import Postgres
import Reactor
import Sandbox
import Testing

/// Statements that call code of others: each in a transaction that cannot write and leaves nothing behind.
@Suite struct ReadTests {
  @Test func aReadGivesItsRowsAndIsRolledBack() async throws {
    try await withConnection { connection in
      let twice = try await connection.read(
        "SELECT $1::int * 2, set_config('application_name', 'other', false)", ["21"])
      #expect(twice.int(0, 0) == 42)
      let plain = try await connection.read("SELECT n, $1 FROM generate_series(1, 3) AS n", ["x"])
      #expect(plain.rowCount == 3 && plain.text(2, 1) == "x")
      let after = try await connection.query(
        "SELECT current_setting('application_name'), current_setting('transaction_read_only') = 'off'")
      // No transaction is open, and its setting is gone.
      #expect(after.text(0, 0) == "test" && after.bool(0, 1))
    }
  }

  @Test func nothingIsWritten() async throws {
    try await withConnection { connection in
      try await connection.script("CREATE TABLE IF NOT EXISTS kept (a int)")
      for statement in [
        "INSERT INTO kept VALUES (1)", "SELECT nextval('kept_number')", "CREATE TEMP TABLE mine (a int)",
        "SET TRANSACTION READ WRITE", "COMMIT AND CHAIN", "SELECT 1/0", "SELECT nothing",
      ] {
        try await connection.script("CREATE SEQUENCE IF NOT EXISTS kept_number")
        _ = try? await connection.read(statement)
        let state = try await connection.query(
          "SELECT pg_current_xact_id_if_assigned() IS NULL, current_setting('transaction_read_only') = 'off'")
        #expect(state.bool(0, 0) && state.bool(0, 1), "after \(statement)")
      }
      let rows = try await connection.query("SELECT count(*) FROM kept").int(0, 0)
      #expect(rows == 0)
      let error = await #expect(throws: PostgresError.self) { try await connection.read("INSERT INTO kept VALUES (1)") }
      #expect(error?.sqlState == "25006")
    }
  }

  @Test("G15: what no rollback takes back is gone: locks of the session, and statements prepared in it")
  func whatNoRollbackTakesBack() async throws {
    try await withConnection { connection in
      try await connection.script(
        """
        CREATE OR REPLACE FUNCTION pg_temp.leave(fails boolean) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_advisory_lock(7), pg_advisory_lock_shared(8);
          EXECUTE 'PREPARE mine AS SELECT 1';
          EXECUTE 'DECLARE kept CURSOR WITH HOLD FOR SELECT 1';
          EXECUTE 'LISTEN noise';
          PERFORM set_config('search_path', 'mine', false), set_config('role', 'pg_monitor', false),
            set_config('client_encoding', 'LATIN1', false), set_config('bytea_output', 'escape', false),
            set_config('standard_conforming_strings', 'off', false), set_config('row_security', 'off', false),
            set_config('TimeZone', 'Asia/Tokyo', false), set_config('DateStyle', 'German', false);
          RETURN 1 / (NOT fails)::int;
        END $$
        """)
      let state = """
        SELECT current_setting('search_path'), current_setting('client_encoding'), current_setting('bytea_output'),
          current_setting('standard_conforming_strings'), current_setting('row_security'), current_setting('TimeZone'),
          current_setting('DateStyle'), current_user, (SELECT count(*) FROM pg_prepared_statements),
          (SELECT count(*) FROM pg_cursors WHERE is_holdable), (SELECT count(*) FROM pg_listening_channels()),
          (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
        """
      let before = try await connection.query(state)
      for fails in ["f", "t"] {
        _ = try? await connection.read("SELECT pg_temp.leave($1::boolean)", [fails])
        let after = try await connection.query(state)
        for column in 0..<before.columnCount {
          #expect(after.text(0, column) == before.text(0, column), "\(before.columnName(column)) after \(fails)")
        }
      }
      #expect(before.text(0, 8) == "0" && before.text(0, 11) == "0")
    }
  }

  @Test func aTableMayBeAlteredBetweenTwoReads() async throws {
    try await withConnection { connection in
      let conninfo = try await PostgresServerOfTests.shared.conninfo()
      let other = try await PostgresConnection.open(ConnectionOptions(conninfo, applicationName: "other"))
      defer { other.close() }
      try await other.script("CREATE TABLE altered AS SELECT 1 AS a")
      let changes = [
        "ALTER TABLE altered ALTER a TYPE text USING 'one'", "ALTER TABLE altered ADD b int DEFAULT 2",
        "ALTER TABLE altered RENAME TO old; CREATE TABLE altered AS SELECT 3 AS a", "DROP TABLE altered",
        "CREATE VIEW altered AS SELECT 'four' AS a, 4 AS b",
      ]
      for change in changes {
        for _ in 1...3 { _ = try? await connection.read("SELECT * FROM altered") }
        try await other.script(change)
        let fresh = try? await other.query("SELECT * FROM altered")
        let read = try? await connection.read("SELECT * FROM altered")
        #expect(read?.columnCount == fresh?.columnCount && read?.text(0, 0) == fresh?.text(0, 0), "\(change)")
      }
      try await other.script("DROP VIEW altered; DROP TABLE old")
    }
  }

  @Test func anErrorIsThatOfTheStatementAndTheNextReadIsFine() async throws {
    try await withConnection { connection in
      for _ in 0..<3 {
        let error = await #expect(throws: PostgresError.self) { try await connection.read("SELECT 1/0") }
        #expect(error?.sqlState == "22012")
        let seen = try await connection.read("SELECT 7").int(0, 0)
        #expect(seen == 7)
      }
    }
  }

  @Test func aLimitIsTheStatementsOwn() async throws {
    try await withConnection { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.read("SELECT pg_sleep(30)", limit: .milliseconds(50))
      }
      #expect(error?.sqlState == "57014")
      let limit = try await connection.query("SHOW statement_timeout").text(0, 0)
      #expect(limit == "0")
    }
  }

  @Test func readsAskedForAtOnceAreAnsweredInOrder() async throws {
    try await withConnection { connection in
      let tasks = (0..<50).map { number in
        Task(executorPreference: Reactor.loop) {
          number.isMultiple(of: 3)
            ? try await connection.query("SELECT $1::int", ["\(number)"]).int(0, 0)
            : try? await connection.read("SELECT $1::int / ($1::int % 3 - 1)", ["\(number)"]).int(0, 0)
        }
      }
      for (number, task) in tasks.enumerated() {
        let seen = try await task.value
        switch number % 3 {
        case 0: #expect(seen == number)
        case 1: #expect(seen == nil, "a division by zero")
        default: #expect(seen == number)
        }
      }
    }
  }

  @Test func aLostConnectionFailsTheRead() async throws {
    try await withConnection { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.read("SELECT pg_terminate_backend(pg_backend_pid())")
      }
      #expect(error?.isConnectionLost == true && !connection.isUsable)
      #expect(error?.sqlState == "57P01" && error?.kind == .connection && error?.isUnsent == false)
    }
  }

  @Test func aStateThatCodeRaisesSaysNothingOfTheConnection() async throws {
    try await withConnection { connection in
      try await connection.script(
        """
        CREATE OR REPLACE FUNCTION pg_temp.raise(state text) RETURNS int LANGUAGE plpgsql AS
          $$ BEGIN RAISE SQLSTATE '57P01' USING MESSAGE = state; END $$
        """)
      let error = await #expect(throws: PostgresError.self) { try await connection.read("SELECT pg_temp.raise('x')") }
      #expect(error?.sqlState == "57P01" && error?.kind == .server && connection.isUsable)
    }
  }

  @Test func whatWasNotSentIsToldApart() async throws {
    try await withConnection { connection in
      let first = Task(executorPreference: Reactor.loop) {
        try await connection.read("SELECT pg_terminate_backend(pg_backend_pid())")
      }
      let second = Task(executorPreference: Reactor.loop) { try await connection.read("SELECT 1") }
      let errors = await [first.result, second.result].map { result -> PostgresError? in
        if case .failure(let error) = result { error as? PostgresError } else { nil }
      }
      #expect(errors.map { $0?.isUnsent } == [false, true])
    }
  }

  @Test func octetsOfABytea() async throws {
    try await withConnection { connection in
      let result = try await connection.read("SELECT '\\x00ff10'::bytea, NULL::bytea, 'no'::text, ''::bytea")
      #expect(result.octets(0, 0) == [0, 255, 16])
      #expect(result.octets(0, 1) == nil && result.octets(0, 2) == nil && result.octets(0, 3) == [])
      #expect(result.longestValue == 8)
    }
  }
}
