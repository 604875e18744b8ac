import Reactor
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// The journal knows each server's entries, and what it tells can be taken back there.
@Suite struct UndoTests {
  private func undo(_ site: Site, _ selection: UndoSelection) async throws -> UndoOutcome {
    let configuration = site.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      return try await Undoing(engine).run(selection, because: "a test")
    }
  }

  private func row(_ site: Site, _ action: String) async throws -> Int {
    let id = try await site.sql(
      "SELECT max(id) FROM rollcall.journal WHERE action = '\(action)' AND outcome = 'done' AND cause <> 'undo'")
    return try #require(Int(id))
  }

  @Test("G13: updates, renames and deletes are told with the entry's id, and go back", arguments: Servers.kinds)
  func thereAndBack(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      try await site.sql(
        "INSERT INTO users VALUES (1, 'ada', 'ada@example.com', 'Ada Lovelace', 'active', now())")
      try await site.sync()
      try await site.sql("UPDATE users SET email = 'a@example.com' WHERE id = 1")
      try await site.sync()
      let update = try await undo(site, UndoSelection(ids: [try await row(site, "update")]))
      #expect(update.isWhole, "\(update)")
      #expect(try await site.value("mail", of: 1) == "ada@example.com")

      try await site.sql("UPDATE users SET username = 'countess' WHERE id = 1")
      try await site.sync()
      #expect(try await site.names() == ["countess"])
      let xid = try await site.sql("SELECT max(xid::text::bigint) FROM rollcall.journal WHERE action = 'rename'")
      let rename = try await undo(site, UndoSelection(xid: UInt64(xid)))
      #expect(rename.isWhole, "\(rename)")
      #expect(try await site.names() == ["ada"])

      try await site.sql("DELETE FROM users WHERE id = 1")
      try await site.sync()
      #expect(try await site.names().isEmpty)
      let delete = try await undo(site, UndoSelection(ids: [try await row(site, "delete")]))
      #expect(delete.isPartly, "\(delete)")
      #expect(try await site.names() == ["ada"])
      #expect(try await site.value("mail", of: 1) == "ada@example.com")
      #expect(try await !site.canLogIn(1), "nobody knows the password any more")
      #expect(
        try await site.sql(
          "SELECT count(*) FROM rollcall.journal WHERE entry_id IS NULL AND action IN ('update', 'rename', 'delete')")
          == "0")
      // What has come back is known, and is hers again when her row is.
      try await site.sql(
        "INSERT INTO users VALUES (1, 'ada', 'new@example.com', 'Ada Lovelace', 'active', now())")
      try await site.sync()
      #expect(try await site.value("mail", of: 1) == "new@example.com")
      try await site.expectAtRest()
    }
  }
}
