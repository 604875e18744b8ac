import Postgres
import Reactor
import Sandbox
import Testing

/// Statements that call code of others: each in a transaction that cannot write and leaves nothing behind.
@Suite struct ReadTests {
  @Test func aReadGivesItsRowsAndIsRolledBack() async throws {
    try await withConnection { connection in
      try await connection.prepare("twice", "SELECT $1::int * 2, set_config('application_name', 'other', false)")
      let prepared = try await connection.readPrepared("twice", ["21"])
      #expect(prepared.int(0, 0) == 42)
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
