import Sandbox
import Testing

/// What `rollcall.prune` takes away besides what every directory has seen.
@Suite struct PruneTests {
  @Test("changes whose transaction is still to come go; those of the transaction that prunes stay")
  func theFuture() async throws {
    let database = try await CaptureTests.watched()
    try await database.sql(
      """
      INSERT INTO rollcall.directory (name) VALUES ('main'); INSERT INTO users VALUES (1, 'a');
      INSERT INTO rollcall.change (xid, source, key) VALUES ('99999999999', 'users'::regclass, '7');
      BEGIN; INSERT INTO users VALUES (2, 'b'); SELECT rollcall.prune(); COMMIT
      """)
    #expect(try await database.logged() == ["1", "2"])
  }
}
