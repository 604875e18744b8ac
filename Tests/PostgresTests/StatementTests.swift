import Postgres
import Reactor
import Sandbox
import Testing

@Suite struct StatementTests {
  @Test func valuesKeepTheirTypesAndNulls() async throws {
    try await withConnection { connection in
      let result = try await connection.query(
        "SELECT 7, NULL::int, true, false, NULL::boolean, $1::text, '\\x00ff'::bytea, 'é'::text", ["x'\"\\"])
      #expect(result.rowCount == 1 && result.columnCount == 8)
      #expect(result.int(0, 0) == 7 && result.isNull(0, 1) && result.int(0, 1) == nil)
      #expect(result.bool(0, 2) && !result.bool(0, 3) && !result.bool(0, 4))
      #expect(result.text(0, 5) == "x'\"\\")
      #expect(result.bytes(0, 6).map { String(decoding: $0, as: UTF8.self) } == "\\x00ff")
      #expect(result.text(0, 7) == "é")
      #expect(result.typeOID(0) == 23 && result.typeOID(2) == 16 && result.typeOID(6) == 17)
    }
  }

  @Test func anErrorCarriesWhatTheServerSaid() async throws {
    try await withConnection { connection in
      let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT nothing") }
      #expect(error?.sqlState == "42703" && error?.position == 8 && error?.kind == .server)
      #expect(error?.isConnectionLost == false)
      // The connection lives on.
      let seen1 = try await connection.query("SELECT 1").int(0, 0)
      #expect(seen1 == 1)
    }
  }

  @Test func preparedStatementsAndDescriptions() async throws {
    try await withConnection { connection in
      try await connection.prepare("plus", "SELECT $1::int + $2::int AS sum")
      let seen2 = try await connection.execute("plus", ["2", "3"]).int(0, 0)
      #expect(seen2 == 5)
      let sum = try await connection.execute("plus", [nil, "3"])
      #expect(sum.isNull(0, 0))
      let columns = try await connection.describe("plus")
      #expect(columns.columnName(0) == "sum" && columns.typeOID(0) == 23 && columns.rowCount == 0)
    }
  }

  @Test func statementsAskedForAtOnceAreAnsweredInOrder() async throws {
    try await withConnection { connection in
      let tasks = (0..<50).map { number in
        Task(executorPreference: Reactor.loop) {
          try await connection.query("SELECT $1::int", ["\(number)"]).int(0, 0)
        }
      }
      var answers: [Int?] = []
      for task in tasks { answers.append(try await task.value) }
      #expect(answers == Array(0..<50))
    }
  }

  @Test func aScriptIsOneTransactionAndItsFirstErrorCounts() async throws {
    try await withConnection { connection in
      try await connection.script("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1)")
      let error = await #expect(throws: PostgresError.self) {
        try await connection.script("INSERT INTO t VALUES (2); SELECT 1/0; INSERT INTO t VALUES (3)")
      }
      #expect(error?.sqlState == "22012")
      let seen3 = try await connection.query("SELECT count(*) FROM t").int(0, 0)
      #expect(seen3 == 1)
    }
  }

  @Test func aLargeResultIsStreamedInChunks() async throws {
    try await withConnection { connection in
      let stream = connection.stream(
        "SELECT n, repeat('x', 100) FROM generate_series(1, 25000) n", ahead: 1000)
      var sum = 0
      var largest = 0
      while let rows = try await stream.next() {
        largest = max(largest, rows.count)
        sum += rows.reduce(0) { $0 + ($1.int(0, 0) ?? 0) }
      }
      #expect(sum == 25000 * 25001 / 2)
      #expect(largest <= 1000)
      let seen4 = try await connection.query("SELECT 1").int(0, 0)
      #expect(seen4 == 1)
    }
  }

  @Test func noDeadlineRunsWhileTheReaderTakesItsTime() async throws {
    try await withConnection { connection in
      let stream = connection.stream(
        "SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n", ahead: 1000, timeout: .milliseconds(500))
      var count = 0
      while let rows = try await stream.next() {
        // What is measured here is time itself.
        if count == 0 { try? await Reactor.sleep(for: .seconds(2)) }
        count += rows.count
      }
      #expect(count == 100_000)
    }
  }

  @Test func aStreamThatFailsMidwayIsNoCompleteAnswer() async throws {
    try await withConnection { connection in
      let stream = connection.stream("SELECT 1 / (2000 - n) FROM generate_series(1, 3000) n", ahead: 100)
      await #expect(throws: PostgresError.self) { while try await stream.next() != nil {} }
      let seen5 = try await connection.query("SELECT 1").int(0, 0)
      #expect(seen5 == 1)
    }
  }

  @Test func literalsIdentifiersAndArraysAreQuoted() async throws {
    let awkward = ["a", "it's", "back\\slash", "\"quoted\"", "{brace,comma}", "", "NULL", "日本", "line\nfeed"]
    try await withConnection { connection in
      let array = try await connection.query("SELECT unnest($1::text[])", [SQLText.array(awkward)])
      #expect((0..<array.rowCount).map { array.text($0, 0) } == awkward)
      for text in awkward where !text.isEmpty {
        let sql = "SELECT \(SQLText.literal(text)) AS \(SQLText.identifier(text))"
        let result = try await connection.query(sql)
        #expect(result.text(0, 0) == text && result.columnName(0) == text)
      }
    }
  }

  @Test func urgentStatementsOvertakeOthersButNotForEver() async throws {
    try await withConnection { connection in
      let order = Order()
      @Reactor func send(_ name: String, isUrgent: Bool) -> Task<Void, Never> {
        StatementPriority.$isUrgent.withValue(isUrgent) {
          Reactor.task {
            _ = try? await connection.query("SELECT pg_sleep(\(name == "first" ? "0.2" : "0"))")
            order.names.append(name)
          }
        }
      }
      var tasks = [send("first", isUrgent: false)]
      for number in 1...3 { tasks.append(send("other\(number)", isUrgent: false)) }
      for number in 1...20 { tasks.append(send("urgent\(number)", isUrgent: true)) }
      for task in tasks { await task.value }
      var expected = (1...20).map { "urgent\($0)" }
      expected.insert("other1", at: 16)
      expected.insert("first", at: 0)
      expected += ["other2", "other3"]
      #expect(order.names == expected)
    }
  }

  @Reactor
  private final class Order {
    var names: [String] = []
    nonisolated init() {}
  }
}
