import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// How pins end: by a command, by their time, by a change of the row.
@Suite struct PinEndTests {
  /// Ann, pinned until her row changes, and ben, in step.
  private func site(_ settings: SiteSettings = SiteSettings()) async throws -> Site {
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.sync()
    return site
  }

  @Test("a pin ends when it has expired, and what has changed is written then")
  func expiry() async throws {
    let site = try await site()
    try await site.withDaemon { _ in
      #expect(try await site.pin(["1"], until: "3s") == .done)
      try await site.sql("UPDATE users SET email = 'later@x' WHERE id = 1")
      try await eventually("it is settled") { try await site.report().backlog == 0 }
      try await eventually("it comes by itself") { try await site.value("mail", of: "1") == "later@x" }
      let ended =
        "SELECT since + interval '3 seconds' <= now() FROM rollcall.journal j CROSS JOIN LATERAL"
        + " (SELECT at AS since FROM rollcall.journal p WHERE p.action = 'pin') AS p WHERE j.action = 'unpin'"
      #expect(try await site.sql(ended) == "t")
      #expect(try await site.report().pinned.isEmpty)
    }
    // The next start, where nobody led meanwhile.
    try await site.pin(["1"], until: "1s")
    try await site.sql("UPDATE users SET email = 'last@x' WHERE id = 1")
    try await eventually("it has expired") {
      try await site.sql("SELECT until < now() FROM rollcall.pinned") == "t"
    }
    try await site.sync()
    #expect(try await site.value("mail", of: "1") == "last@x")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.pinned") == "0")
  }

  @Test(
    "a pin until the row changes ends with a change that it has not seen, and with no other",
    arguments: ["daemon", "sync"])
  func aChange(kind: String) async throws {
    let site = try await site()
    let session = try await site.session()
    // Committed before the pin, and known to it; and one that is open while the pin is set.
    try await site.sql("SET rollcall.notify = off; UPDATE users SET email = 'before@x' WHERE id = 1")
    try await session.run("BEGIN; UPDATE users SET email = 'open@x' WHERE id = 2")
    try await site.pinUntilChange(["1", "2"])
    if kind == "sync" {
      try await site.sync()
      #expect(try await site.look("1") == "ann ann@example.com")
      try await session.run("COMMIT")
      try await site.sync()
      #expect(try await site.value("mail", of: "2") == "open@x")
    } else {
      try await site.withDaemon { _ in
        try await eventually("the first change is settled") { try await site.settledAll() }
        #expect(try await site.look("1") == "ann ann@example.com")
        try await session.run("COMMIT")
        try await eventually("the open one arrives") { try await site.value("mail", of: "2") == "open@x" }
      }
    }
    #expect(try await site.report().pinned.map(\.key) == ["1"])
    try await site.sync(full: true)
    #expect(try await site.look("1") == "ann ann@example.com")
    try await site.sql("UPDATE users SET email = 'after@x' WHERE id = 1")
    try await site.sync()
    #expect(try await site.value("mail", of: "1") == "after@x")
    #expect(try await site.report().pinned.isEmpty)
    try await site.expectInStep()
  }

  @Test("everyone's change ends such pins too, and a forged notification ends none")
  func everyone() async throws {
    let site = try await site(.groups())
    try await site.withDaemon { _ in
      try await site.pinUntilChange(["1"])
      try await site.sql("NOTIFY rollcall, '{\"xid\":\"999999999\",\"keys\":[\"1\"]}'")
      try await site.sql("UPDATE users SET email = 'ben@y' WHERE id = 2")
      try await eventually("ben's change arrives") { try await site.value("mail", of: "2") == "ben@y" }
      try await site.silently("UPDATE users SET email = 'silent@x' WHERE id = 1")
      #expect(try await site.report().pinned.map(\.key) == ["1"])
      try await site.sql("TRUNCATE user_roles")
      try await eventually("it ends") { try await site.report().pinned.isEmpty }
      try await eventually("her value comes with it") { try await site.value("mail", of: "1") == "silent@x" }
    }
  }

  @Test("a person's pin is not loosened by one that ends with a change")
  func twoPins() async throws {
    let site = try await site()
    try await site.pin(["1"], because: "legal hold")
    try await site.pinUntilChange(["1", "2"])
    try await site.sql("UPDATE users SET email = 'new@x'")
    try await site.sync()
    #expect(try await site.report().pinned.map { $0.pin.because } == ["legal hold"])
    #expect(try await site.value("mail", of: "2") == "new@x")
    #expect(try await site.value("mail", of: "1") == "ann@example.com")
  }

  @Test("each pin and each end of one is in the journal, with who and why")
  func theJournal() async throws {
    let site = try await site()
    try await site.pin(["1", "2"], because: "a move")
    try await site.unpin(["1"])
    try await site.pinUntilChange(["1"])
    try await site.sql("UPDATE users SET email = 'new@x' WHERE id = 1")
    try await site.sync()
    let rows = try await site.sql(
      """
      SELECT action, key, because, actor IS NULL, outcome FROM rollcall.journal WHERE action IN ('pin', 'unpin') ORDER BY id
      """)
    let lines = rows.split(separator: "\n").map(String.init)
    #expect(lines.prefix(2).sorted() == ["pin|1|a move|f|done", "pin|2|a move|f|done"])
    #expect(
      lines.dropFirst(2) == ["unpin|1||f|done", "pin|1|undone|f|done", "unpin|1|its row has changed|t|done"])
    let actor = try await site.sql("SELECT actor FROM rollcall.journal WHERE action = 'pin' LIMIT 1")
    #expect(actor.hasSuffix(" (\(site.name))") && actor.contains("@"), "\(actor)")
  }

  @Test("a time that has passed, or is none, pins nobody")
  func badTimes() async throws {
    let site = try await site()
    for text in ["yesterday", "2020-01-01", "soon", "infinity", ""] {
      await #expect(throws: EngineError.self, "\(text)") { try await site.pin(["1"], until: text) }
    }
    #expect(try await site.report().pinned.isEmpty)
    try await site.pin(["1"], until: "2999-12-24 08:00+01")
    #expect(try await site.report().pinned.first?.pin.until == "2999-12-24T07:00:00.000Z")
  }
}
