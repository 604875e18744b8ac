import Postgres
import Reactor
import Sandbox
import Testing

/// Statements that call code of others: each in a transaction that cannot write and leaves nothing behind.
@Suite struct ReadTests {
  @Test(arguments: [false, true]) func aReadGivesItsRowsAndIsRolledBack(_ kept: Bool) async throws {
    try await withConnection { connection in
      let twice = try await connection.read(
        kept,
        "SELECT $1::int * 2, set_config('application_name', 'other', false)", ["21"])
      #expect(twice.int(0, 0) == 42)
      let plain = try await connection.read(kept, "SELECT n, $1 FROM generate_series(1, 3) AS n", ["x"])
      #expect(plain.rowCount == 3 && plain.text(2, 1) == "x")
      let after = try await connection.query(
        "SELECT current_setting('application_name'), current_setting('transaction_read_only') = 'off'")
      // No transaction is open, and its setting is gone.
      #expect(after.text(0, 0) == "test" && after.bool(0, 1))
    }
  }

  @Test(arguments: [false, true]) func nothingIsWritten(_ kept: Bool) async throws {
    try await withConnection { connection in
      try await connection.script("CREATE TABLE IF NOT EXISTS kept_\(kept) (a int)")
      for statement in [
        "INSERT INTO kept_\(kept) VALUES (1)", "SELECT nextval('number_\(kept)')", "CREATE TEMP TABLE mine (a int)",
        "SET TRANSACTION READ WRITE", "COMMIT AND CHAIN", "SELECT 1/0", "SELECT nothing",
      ] {
        try await connection.script("CREATE SEQUENCE IF NOT EXISTS number_\(kept)")
        _ = try? await connection.read(kept, statement)
        let state = try await connection.query(
          "SELECT pg_current_xact_id_if_assigned() IS NULL, current_setting('transaction_read_only') = 'off'")
        #expect(state.bool(0, 0) && state.bool(0, 1), "after \(statement)")
      }
      let rows = try await connection.query("SELECT count(*) FROM kept_\(kept)").int(0, 0)
      #expect(rows == 0)
      let error = await #expect(throws: PostgresError.self) {
        try await connection.read(kept, "INSERT INTO kept_\(kept) VALUES (1)")
      }
      #expect(error?.sqlState == "25006")
    }
  }

  @Test(
    "G15: what no rollback takes back is gone: locks of the session, and statements prepared in it",
    arguments: [false, true]) func whatNoRollbackTakesBack(_ kept: Bool) async throws
  {
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
        _ = try? await connection.read(kept, "SELECT pg_temp.leave($1::boolean)", [fails])
        let after = try await connection.query(state)
        for column in 0..<before.columnCount {
          #expect(after.text(0, column) == before.text(0, column), "\(before.columnName(column)) after \(fails)")
        }
      }
      #expect(before.text(0, 8) == "0" && before.text(0, 11) == "0")
    }
  }

  @Test(arguments: [false, true]) func aTableMayBeAlteredBetweenTwoReads(_ kept: Bool) async throws {
    try await withConnection { connection in
      let conninfo = try await PostgresServerOfTests.shared.conninfo()
      let other = try await PostgresConnection.open(ConnectionOptions(conninfo, applicationName: "other"))
      defer { other.close() }
      try await other.script("CREATE TABLE altered_\(kept) AS SELECT 1 AS a")
      let changes = [
        "ALTER TABLE altered_\(kept) ALTER a TYPE text USING 'one'", "ALTER TABLE altered_\(kept) ADD b int DEFAULT 2",
        "ALTER TABLE altered_\(kept) RENAME TO old_\(kept); CREATE TABLE altered_\(kept) AS SELECT 3 AS a",
        "DROP TABLE altered_\(kept)",
        "CREATE VIEW altered_\(kept) AS SELECT 'four' AS a, 4 AS b",
      ]
      for change in changes {
        for _ in 1...3 { _ = try? await connection.read(kept, "SELECT * FROM altered_\(kept)") }
        try await other.script(change)
        let fresh = try? await other.query("SELECT * FROM altered_\(kept)")
        let read = try? await connection.read(kept, "SELECT * FROM altered_\(kept)")
        #expect(read?.columnCount == fresh?.columnCount && read?.text(0, 0) == fresh?.text(0, 0), "\(change)")
      }
      try await other.script("DROP VIEW altered_\(kept); DROP TABLE old_\(kept)")
    }
  }

  @Test(arguments: [false, true]) func anErrorIsThatOfTheStatementAndTheNextReadIsFine(_ kept: Bool) async throws {
    try await withConnection { connection in
      for _ in 0..<3 {
        let error = await #expect(throws: PostgresError.self) { try await connection.read(kept, "SELECT 1/0") }
        #expect(error?.sqlState == "22012")
        let seen = try await connection.read(kept, "SELECT 7").int(0, 0)
        #expect(seen == 7)
      }
    }
  }

  @Test(arguments: [false, true]) func aLimitIsTheStatementsOwn(_ kept: Bool) async throws {
    try await withConnection { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.read(kept, "SELECT pg_sleep(30)", limit: .milliseconds(50))
      }
      #expect(error?.sqlState == "57014")
      let limit = try await connection.query("SHOW statement_timeout").text(0, 0)
      #expect(limit == "0")
    }
  }

  @Test(arguments: [false, true]) func readsAskedForAtOnceAreAnsweredInOrder(_ kept: Bool) async throws {
    try await withConnection { connection in
      let tasks = (0..<50).map { number in
        Task(executorPreference: Reactor.loop) {
          number.isMultiple(of: 3)
            ? try await connection.query("SELECT $1::int", ["\(number)"]).int(0, 0)
            : try? await connection.read(kept, "SELECT $1::int / ($1::int % 3 - 1)", ["\(number)"]).int(0, 0)
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

  @Test(arguments: [false, true]) func aLostConnectionFailsTheRead(_ kept: Bool) async throws {
    try await withConnection { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.read(kept, "SELECT pg_terminate_backend(pg_backend_pid())")
      }
      #expect(error?.isConnectionLost == true && !connection.isUsable)
      #expect(error?.sqlState == "57P01" && error?.kind == .connection && error?.isUnsent == false)
    }
  }

  @Test(arguments: [false, true]) func aStateThatCodeRaisesSaysNothingOfTheConnection(_ kept: Bool) async throws {
    try await withConnection { connection in
      try await connection.script(
        """
        CREATE OR REPLACE FUNCTION pg_temp.raise(state text) RETURNS int LANGUAGE plpgsql AS
          $$ BEGIN RAISE SQLSTATE '57P01' USING MESSAGE = state; END $$
        """)
      let error = await #expect(throws: PostgresError.self) {
        try await connection.read(kept, "SELECT pg_temp.raise('x')")
      }
      #expect(error?.sqlState == "57P01" && error?.kind == .server && connection.isUsable)
    }
  }

  @Test(arguments: [false, true]) func whatWasNotSentIsToldApart(_ kept: Bool) async throws {
    try await withConnection { connection in
      let first = Task(executorPreference: Reactor.loop) {
        try await connection.read(kept, "SELECT pg_terminate_backend(pg_backend_pid())")
      }
      let second = Task(executorPreference: Reactor.loop) { try await connection.read(kept, "SELECT 1") }
      let errors = await [first.result, second.result].map { result -> PostgresError? in
        if case .failure(let error) = result { error as? PostgresError } else { nil }
      }
      #expect(errors.map { $0?.isUnsent } == [false, true])
    }
  }

  @Test(arguments: [false, true]) func octetsOfABytea(_ kept: Bool) async throws {
    try await withConnection { connection in
      let result = try await connection.read(kept, "SELECT '\\x00ff10'::bytea, NULL::bytea, 'no'::text, ''::bytea")
      #expect(result.octets(0, 0) == [0, 255, 16])
      #expect(result.octets(0, 1) == nil && result.octets(0, 2) == nil && result.octets(0, 3) == [])
      #expect(result.longestValue == 8)
    }
  }

  @Test func whatIsKeptIsParsedOnce() async throws {
    try await withConnection { connection in
      let conninfo = try await PostgresServerOfTests.shared.conninfo()
      let other = try await PostgresConnection.open(ConnectionOptions(conninfo, applicationName: "other"))
      defer { other.close() }
      // Another table of the same name is read from then on.
      try await other.script("DROP TABLE IF EXISTS kept_once; CREATE TABLE kept_once AS SELECT 1 AS a")
      for number in 1...20 {
        let seen = try await connection.readKept("SELECT a + $1::int FROM kept_once", ["\(number)"]).int(0, 0)
        #expect(seen == number + (number > 10 ? 5 : 1))
        if number == 10 {
          try await other.script("ALTER TABLE kept_once RENAME TO kept_before; CREATE TABLE kept_once AS SELECT 5 AS a")
        }
        if number == 15 { _ = try await connection.query("SELECT 1") }
      }
      try await other.script("DROP TABLE kept_once, kept_before")
    }
  }

  @Test(
    "G15: no code can put another statement in the place of those that are run",
    arguments: ["other", "rollcall_end", "rollcall_clean_1"])
  func noneIsReplaced(_ name: String) async throws {
    try await withConnection { connection in
      try await connection.script(
        """
        CREATE TABLE IF NOT EXISTS told_\(name) (a int);
        CREATE OR REPLACE FUNCTION pg_temp.replace() RETURNS int LANGUAGE plpgsql AS $$
        DECLARE
          statement text;
        BEGIN
          FOREACH statement IN ARRAY ARRAY['rollcall_begin', 'rollcall_limit', '\(name)'] LOOP
            BEGIN
              EXECUTE format('DEALLOCATE %I', statement);
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
            BEGIN
              EXECUTE format('PREPARE %I AS SELECT 666', statement);
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
          END LOOP;
          BEGIN
            INSERT INTO told_\(name) VALUES (1);
          EXCEPTION WHEN read_only_sql_transaction THEN RETURN 7;
          END;
          RETURN 8;
        END $$
        """)
      let sql = "SELECT pg_temp.replace()"
      let first = try await connection.readKept(sql, limit: .seconds(5)).int(0, 0)
      #expect(first == 7)
      if name == "other" {
        let second = try await connection.readKept(sql, limit: .seconds(5)).int(0, 0)
        #expect(second == 7)
      } else {
        // The session ends instead of going on with what was left.
        let error = await #expect(throws: PostgresError.self) { try await connection.readKept(sql, limit: .seconds(5)) }
        #expect(error?.isUnsent == true && !connection.isUsable)
      }
    }
  }
}

extension PostgresConnection {
  fileprivate func read(
    _ kept: Bool, _ sql: String, _ parameters: [String?] = [], limit: Duration? = nil
  ) async throws(PostgresError) -> QueryResult {
    if !kept { return try await read(sql, parameters, limit: limit) }
    do throws(PostgresError) { return try await readKept(sql, parameters, limit: limit) } catch {
      guard error.sqlState == "0A000" else { throw error }
      return try await readKept(sql, parameters, limit: limit)
    }
  }
}
