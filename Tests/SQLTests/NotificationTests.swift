import Foundation
import Sandbox
import Testing

/// What is said on the channel `rollcall`.
@Suite struct NotificationTests {
  struct Payload: Decodable, Equatable {
    var xid: String
    var keys: [String]?
    var count: Int?
    var everyone: Bool?
  }

  private func payloads(_ database: Database, _ script: String) async throws -> [Payload] {
    let texts = try await database.payloads(of: script)
    #expect(texts.allSatisfy { $0.utf8.count < 8000 })
    return try texts.map { try JSONDecoder().decode(Payload.self, from: Data($0.utf8)) }
  }

  @Test func aSmallWriteNamesItsKeys() async throws {
    let database = try await CaptureTests.watched()
    let heard = try await payloads(database, "INSERT INTO users VALUES (17, 'a'), (18, 'b')")
    #expect(heard.count == 1 && heard.first?.keys == ["17", "18"])
    #expect(heard.first?.xid == (try await database.sql("SELECT DISTINCT xid FROM rollcall.change")))
  }

  @Test func severalMessagesThenOnlyACount() async throws {
    let database = try await CaptureTests.watched()
    let some = try await payloads(database, "INSERT INTO users SELECT n, 'x' FROM generate_series(1, 100) n")
    #expect(some.allSatisfy { ($0.keys?.count ?? 99) <= 32 })
    #expect(Set(some.flatMap { $0.keys ?? [] }) == Set((1...100).map { "\($0)" }))
    let many = try await payloads(
      database, "INSERT INTO users SELECT n, 'x' FROM generate_series(1001, 51000) n")
    #expect(many.count == 1 && many.first?.count == 50_000 && many.first?.keys == nil)
  }

  @Test func keysAreEscapedAndLongOnesFit() async throws {
    let database = try await Database.make()
    try await database.sql("CREATE TABLE t (id text PRIMARY KEY); SELECT rollcall.watch('t', 'id')")
    let awkward = try await payloads(database, "INSERT INTO t VALUES (E'a\"b\\\\c\\td'), ('日本')")
    #expect(Set(awkward.flatMap { $0.keys ?? [] }) == ["a\"b\\c\td", "日本"])
    let long = try await payloads(
      database, "INSERT INTO t SELECT repeat('k', 2000) || n FROM generate_series(1, 20) n")
    #expect(!long.isEmpty)
    #expect(long.contains { $0.count != nil } || long.flatMap { $0.keys ?? [] }.count == 20)
  }

  @Test("G9: without a daemon a storm of commits notifies a few times, and whoever writes later notifies again")
  func aStormWithoutADaemon() async throws {
    let database = try await CaptureTests.watched()
    let storm = """
      DO $$ BEGIN
        FOR n IN 1..3000 LOOP INSERT INTO users VALUES (n, 'x'); COMMIT; END LOOP;
      END $$
      """
    let heard = try await payloads(database, storm)
    // 200 at once, and then 20 a second.
    #expect(heard.count >= 200 && heard.count < 2000, "\(heard.count)")
    #expect(try await database.sql("SELECT count(DISTINCT key) FROM rollcall.change") == "3000")
    try await eventually("there is room again") {
      let one = try await payloads(database, "UPDATE users SET name = name || 'y' WHERE id = 7")
      return one.first?.keys == ["7"]
    }
    // A daemon polls when it has silenced writers, so it hears all of what it has asked for.
    try await database.sql("INSERT INTO rollcall.bell VALUES ('main', true, 'infinity')")
    #expect(try await payloads(database, storm.replacing("VALUES (n", with: "VALUES (n + 3000")).count == 3000)
  }

  @Test func silenceOnRequest() async throws {
    let database = try await CaptureTests.watched()
    #expect(
      try await payloads(database, "SET rollcall.notify = off; INSERT INTO users VALUES (1, 'a'); TRUNCATE users") == []
    )
    #expect(try await database.logged() == ["1", "*"])
  }

  @Test("G9: where two-phase commit is allowed it works without a setting; who never prepares may notify")
  func silenceForTwoPhaseCommit() async throws {
    let database = try await CaptureTests.watched()
    let writes =
      "INSERT INTO users VALUES (1, 'a'), (2, 'b'); UPDATE users SET name = 'c'; DELETE FROM users; TRUNCATE users"
    try await database.sql(
      """
      INSERT INTO rollcall.bell VALUES ('main', true, 'infinity');
      BEGIN; \(writes); PREPARE TRANSACTION '\(database.name)'; COMMIT PREPARED '\(database.name)'
      """)
    #expect(try await database.logged() == ["1", "2", "1", "2", "1", "2", "*"])
    #expect(try await database.payloads(of: writes, notify: "").isEmpty)
    #expect(try await database.payloads(of: writes, notify: "perhaps").isEmpty)
    #expect(try await !database.payloads(of: writes, notify: "true").isEmpty)
  }

  @Test func truncateSpeaksOfEveryone() async throws {
    let database = try await CaptureTests.watched()
    let heard = try await payloads(database, "TRUNCATE users")
    #expect(heard.count == 1 && heard.first?.keys == nil)
  }

  @Test func nothingIsSaidOfWhatIsRolledBackOrTouchesNobody() async throws {
    let database = try await CaptureTests.watched()
    #expect(try await payloads(database, "BEGIN; INSERT INTO users VALUES (1, 'a'); ROLLBACK") == [])
    #expect(try await payloads(database, "UPDATE users SET name = 'x'") == [])
  }

  @Test func noPersonalDataInAPayload() async throws {
    let database = try await CaptureTests.watched()
    let texts = try await database.payloads(
      of: "INSERT INTO users VALUES (1, 'Secret Name', 'secret@example.com')")
    #expect(!texts.isEmpty && texts.allSatisfy { !$0.lowercased().contains("secret") })
  }
}
