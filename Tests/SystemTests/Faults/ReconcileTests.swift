import RollcallEngine
import Sandbox
import Testing

@testable import RollcallLedger

/// Comparing everybody: at any size, under limits, and when the watermark does not fit.
@Suite struct ReconcileTests {
  @Test("G5: under a size limit the unseen are not absent, and the message names the limit")
  func aSizeLimit() async throws {
    let world = try await FaultyWorld.start { $0.sizeLimit = 50 }
    let site = try await world.site()
    try await site.insert((1...40).map { "u\($0)" })
    try await site.sync(full: true)
    try await site.insert((41...120).map { "u\($0)" }, from: 41)
    // Catching up looks at single keys, and takes no harm from the limit.
    try await site.sync()
    #expect(try await site.names().count == 120)
    try await site.sql("DELETE FROM users WHERE id = 1")
    let error = await #expect(throws: EngineError.self) { try await site.sync(full: true) }
    let words = "\(try #require(error))"
    #expect(words.contains("sizeLimitExceeded") && words.contains("limit"), "\(words)")
    // Whether that came to the one who left before it failed or not, nobody else has gone; and the log has the one.
    #expect(try await site.names().filter { $0 != "u1" }.count == 119)
    #expect(try await site.sql("SELECT leader IS NULL FROM rollcall.directory") == "t", "it has not ended in order")
    try await site.sync()
    #expect(try await site.names().count == 119, "what the log names goes on")

    // A daemon says so, and goes on with everything else.
    try await site.sql("UPDATE rollcall.directory SET watermark = NULL")
    try await site.withDaemon { _ in
      try await eventually("the daemon says so") {
        try await site.sql("SELECT state, reason FROM rollcall.directory")
      } is: {
        $0.hasPrefix("connected|the comparison is incomplete") && $0.contains("size")
      }
      // Who asks it for a comparison, or waits for one that it owes, hears the same.
      for full in [true, false] {
        let refusal = await #expect(throws: EngineError.self) { try await site.sync(full: full) }
        let words = "\(try #require(refusal))"
        #expect(words.contains("the leading daemon failed: the comparison is incomplete"), "\(words)")
      }
      try await site.insert(["ben"], from: 500)
      try await site.sql("DELETE FROM users WHERE id = 2")
      try await eventually("what is heard of goes on") {
        let names = try await site.names()
        return names.contains("ben") && !names.contains("u2") && names.count == 119
      }
    }
  }

  @Test(
    "a watermark that does not fit this database or this directory: everybody is compared, and status says why",
    arguments: [
      ("system_identifier = '1'", "another cluster"), ("timeline = 'FFFFFFFF'", "failed over"),
      ("watermark = '9000000000:9000000000:'", "ahead of the database"), ("watermark = NULL", "no watermark"),
      ("server = 'elsewhere'", "another directory"),
    ])
  func theWatermarkDoesNotFit(change: String, reason: String) async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann", "ben"])
    try await site.sync()
    try await site.silently("UPDATE users SET email = 'new' WHERE id = 1; UPDATE rollcall.directory SET \(change)")
    let folder = try await World.shared.folder
    let daemon = try await DaemonProcess.start(site, in: folder)
    try await eventually("everybody is compared") {
      try await site.value("mail", of: "1") == "new"
    }
    let printed = try daemon.process.printed()
    #expect(printed.contains(reason))
    await daemon.process.stop()
    try await site.expectInStep()
  }

  @Test("an overdue reconcile is made up for at start, one that is not due is not")
  func itIsOverdue() async throws {
    var settings = SiteSettings()
    settings.more += "\nreconcile: { every: 1h }"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann"])
    try await site.sync()
    let drift = "dn: uid=ann,\(site.base)\nchangetype: modify\nreplace: mail\nmail: drift\n"
    try await site.directory.modify(drift)
    // Who was written last is looked at again by each connection.
    try await site.sql("DELETE FROM rollcall.confirmed")
    try await site.withDaemon { _ in
      try await site.insert(["ben"], from: 2)
      try await eventually("ben is there") { try await site.names() == ["ann", "ben"] }
      #expect(try await site.value("mail", of: "1") == "drift")
    }
    try await site.sql(
      "UPDATE rollcall.directory SET last_reconcile = now() - interval '2 hours'; DELETE FROM rollcall.confirmed")
    try await site.withDaemon { _ in
      try await eventually("the drift is repaired") { try await site.value("mail", of: "1") == "ann@example.com" }
    }
    try await site.expectInStep()
  }

  @Test("G2: a log that was cut under a running daemon makes it compare everybody")
  func theLogIsCut() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      // As prune() does it to a directory that is far behind.
      try await site.silently(
        """
        UPDATE users SET email = 'lost' WHERE id = 1;
        UPDATE rollcall.directory SET watermark = NULL, cut = pg_current_xact_id()
        """)
      try await site.insert(["ben"], from: 2)
      try await eventually("what was cut is found") {
        try await site.value("mail", of: "1") == "lost"
      }
    }
  }
}

extension Site {
  /// Runs SQL that no trigger notices.
  func silently(_ text: String) async throws {
    let enable = ["insert", "update", "delete", "truncate"].map {
      "ALTER TABLE users ENABLE ALWAYS TRIGGER rollcall_\($0);"
    }
    try await sql("ALTER TABLE users DISABLE TRIGGER USER; \(text); \(enable.joined(separator: " "))")
  }
}
