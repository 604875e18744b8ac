import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// Rule 14, G8: which stretches of the log that are still to be read decide on somebody who leaves.
@Suite struct UnreadWindowTests {
  private static let leave = "UPDATE users SET status = 'left' WHERE id = 5"

  /// A site of 60 people, and an engine whose readers of the log wait: there is no directory to write to.
  private func withWindows(
    _ body: @escaping @Reactor @Sendable (Site, WindowReader, ChangeLog) async throws -> Void
  ) async throws {
    var settings = SiteSettings()
    settings.watch = "SELECT rollcall.watch('public.users', 'id', NULL, '{status}')"
    let site = try await World.shared.site(settings)
    try await site.sql(
      "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, 60) n")
    let configuration = site.configuration
    try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      let sources = ChangeSources(configuration)
      let session = try Database(configuration)
      defer { session.close() }
      let reader = WindowReader(session, sources, engine.dispatcher, engine.events)
      try await body(site, reader, ChangeLog(session, sources))
      reader.stop()
    }
  }

  /// What a stretch holds besides her own change, and whether that decides on her.
  static let stretches: [(String, Bool)] = [
    ("UPDATE users SET email = 'new' || id", false),
    ("UPDATE users SET status = 'left' WHERE id BETWEEN 10 AND 40", false),
    ("UPDATE users SET status = 'gone' WHERE id BETWEEN 1 AND 40", true),
    ("DO $$ BEGIN FOR n IN 6..40 LOOP UPDATE users SET status = 'left' WHERE id = n; COMMIT; END LOOP; END $$", true),
    ("DELETE FROM users", true),
    ("TRUNCATE users", true),
  ]

  @Test("what decides on somebody who leaves by a change of her own", arguments: stretches)
  func decides(besides: String, isDecisive: Bool) async throws {
    try await withWindows { site, windows, log in
      let after = try await log.now().snapshot
      for statement in [Self.leave, besides] { try await site.sql(statement) }
      windows.read(after: after, upTo: try await log.now().snapshot, 0)
      // The second answer comes from what is known.
      for _ in 1...2 {
        let found = try await windows.unread(["5"], log, leavers: ["5"])
        #expect(found["5"].map { !$0.isPlain } == (isDecisive ? true : nil))
      }
      let ofUnknownCause = try await windows.unread(["5"], log)
      #expect(ofUnknownCause["5"]?.isPlain == !isDecisive, "each decides")
    }
  }

  @Test("what a stretch grows by counts, too", arguments: stretches.suffix(3).map(\.0))
  func grows(by wipe: String) async throws {
    try await withWindows { site, windows, log in
      var ends = [try await log.now().snapshot]
      for statement in ["UPDATE users SET email = 'new' || id", Self.leave, wipe] {
        try await site.sql(statement)
        ends.append(try await log.now().snapshot)
      }
      // The first is being read; the second grows while it waits.
      windows.read(after: ends[0], upTo: ends[1], 0)
      windows.append(after: ends[1], upTo: ends[2], nil)
      #expect(try await windows.unread(["5"], log, leavers: ["5"]).isEmpty)
      windows.append(after: ends[2], upTo: ends[3], nil)
      #expect(try await windows.unread(["5"], log, leavers: ["5"])["5"]?.isPlain == false)
    }
  }
}
