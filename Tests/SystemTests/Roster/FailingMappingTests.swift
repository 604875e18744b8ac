import LDAPModel
import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// A mapping that fails for everybody: what was set aside before that was noticed, and who needs no mapping.
@Suite struct FailingMappingTests {
  private static let title =
    "CREATE FUNCTION title(name text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN name; END $$"

  /// A function that fails as long as a table that nobody watches says so.
  private static func gate(_ name: String, _ result: String, raises condition: String = "now = 'shut'") -> String {
    """

    CREATE TABLE gate (mode text); INSERT INTO gate VALUES ('open'); GRANT SELECT ON gate TO PUBLIC;
    CREATE FUNCTION \(name) LANGUAGE plpgsql AS $$
    DECLARE now text := (SELECT mode FROM public.gate);
    BEGIN IF \(condition) THEN RAISE EXCEPTION 'the gate is shut'; END IF; RETURN \(result); END $$;
    """
  }

  private func paused(_ site: Site, _ why: String) async throws {
    try await eventually(within: .seconds(60), "status says so") {
      try await site.sql("SELECT state, reason FROM rollcall.directory")
    } is: {
      $0.hasPrefix("paused|") && $0.contains("the mapping fails for everybody: \(why)")
    }
  }

  @Test("a function of the mapping is dropped: status says so, nobody is parked, leavers go, and it resumes by itself")
  func aDroppedFunction() async throws {
    var settings = SiteSettings()
    settings.schema += "\n" + Self.title
    settings.attributes += "\n    title: title(full_name)"
    let site = try await World.shared.site(settings)
    try await site.insert((1...100).map { "u\($0)" })
    try await site.withDaemon { daemon in
      try await eventually("all are there") { try await site.names().count == 100 }
      let lines = Lines()
      let running = daemon.daemon
      _ = try await Reactor.run {
        running.engine.events.subscribe { event in
          switch event {
          case .paused: lines.paused += 1
          case .failed(.connecting, _): lines.attempts += 1
          default: break
          }
        }
      }
      try await site.sql("DROP FUNCTION title(text)")
      try await site.sql("UPDATE users SET email = 'new' WHERE id <= 50")
      try await paused(site, "function title(character varying) does not exist")
      #expect(try await site.parked().isEmpty)
      try await site.sql("DELETE FROM users WHERE id = 100")
      try await site.sql("UPDATE users SET status = 'left' WHERE id = 99")
      try await eventually(within: .seconds(120), "who has left goes, and who is to be kept out is") {
        let gone = try await !site.names().contains("u100")
        let isDisabled = try await site.value("employeeType", of: "99") == "disabled"
        return gone && isDisabled
      }
      try await eventually("it has been tried again") { try await Reactor.run { lines.attempts >= 3 } }
      #expect(try await Reactor.run { lines.paused } == 1)
      #expect(try await site.sql("SELECT string_agg(key, ',') FROM rollcall.parked WHERE key <> '99'") == "")
      try await paused(site, "function title(character varying) does not exist")
      try await site.sql(Self.title)
      try await eventually(within: .seconds(120), "all are changed") {
        try await site.entries(["mail"]).values.filter { $0["mail"] == ["new"] }.count == 50
      }
      try await eventually(within: .seconds(120), "nobody is parked") { try await site.parked().isEmpty }
      try await eventually("status says so") {
        try await site.sql("SELECT state FROM rollcall.directory") == "connected"
      }
      #expect(try await site.names().count == 99)
    }
    try await site.expectInStep()
  }

  @Test("G5: while another table takes the name that is not complete yet, nobody is taken for gone")
  func aTableThatIsReplaced() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { daemon in
      try await eventually("both are there") { try await site.names().count == 2 }
      let attempts = Lines()
      let running = daemon.daemon
      _ = try await Reactor.run {
        running.engine.events.subscribe { event in
          if case .failed(.connecting, _) = event { attempts.attempts += 1 }
        }
      }
      // A copy takes the place of the table before its other columns and its rows are there.
      try await site.sql(
        """
        BEGIN;
        UPDATE users SET email = 'new';
        ALTER TABLE users RENAME TO old_users;
        CREATE TABLE users (id int PRIMARY KEY, username text);
        GRANT SELECT ON users TO PUBLIC;
        COMMIT
        """)
      try await eventually(within: .seconds(120), "it has been tried for some time") {
        try await Reactor.run { attempts.attempts >= 3 }
      }
      #expect(try await site.names().count == 2)
      #expect(try await site.parked().isEmpty)
      #expect(try await site.sql("SELECT count(*) FROM rollcall.held") == "0")
      try await site.sql("BEGIN; DROP TABLE users; ALTER TABLE old_users RENAME TO users; COMMIT")
      try await eventually(within: .seconds(60), "they are changed") {
        try await site.value("mail", of: "2") == "new"
      }
    }
  }

  @Reactor
  private final class Lines {
    var paused = 0
    var attempts = 0
    nonisolated init() {}
  }

  @Test("who was parked before it was known that the mapping fails for everybody is taken up by the next daemon")
  func aRestart() async throws {
    var settings = SiteSettings()
    settings.schema += Self.gate("title(name text) RETURNS text", "name")
    settings.attributes += "\n    title: title(full_name)"
    let site = try await World.shared.site(settings)
    try await site.insert((1...30).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 30 }
      try await site.sql("UPDATE gate SET mode = 'shut'")
      for id in 1...23 { try await site.sql("UPDATE users SET email = 'new' WHERE id = \(id)") }
      try await eventually("they are parked") { try await site.parked().count == 23 }
      // Otherwise the log names them again.
      try await eventually("the watermark is beyond that") {
        try await site.sql(
          """
          SELECT count(*) FROM rollcall.change c, rollcall.directory d
          WHERE d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark)
          """) == "0"
      }
      try await site.sql("UPDATE users SET email = 'new' WHERE id = 24")
      try await paused(site, "the gate is shut")
    }
    #expect(try await site.parked().count == 23)
    // Whoever was confirmed last is looked at anyway.
    try await site.sql("UPDATE gate SET mode = 'open'; DELETE FROM rollcall.confirmed")
    try await site.withDaemon(compared: false) { _ in
      try await eventually(within: .seconds(60), "all are changed") {
        try await site.entries(["mail"]).values.filter { $0["mail"] == ["new"] }.count == 24
      }
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
    }
    try await site.expectInStep()
  }

  enum Mending: String, CaseIterable, Sendable {
    case all = "open"
    /// One row fails still, while others can be read.
    case allButOne = "one"
  }

  @Test("who was parked before it was known is looked at again once the mapping works", arguments: Mending.allCases)
  func itWorksAgain(_ mending: Mending) async throws {
    // With a clock, only a few of those who were confirmed are looked at again at each connection.
    let world = try await FaultyWorld.start { $0.isProvider = true }
    var settings = SiteSettings()
    settings.schema += Self.gate(
      "title(name text) RETURNS text", "name", raises: "now = 'shut' OR now = 'one' AND name = 'Full u24'")
    settings.attributes += "\n    title: title(full_name)"
    let site = try await world.site(settings)
    try await site.insert((1...150).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 150 }
      try await eventually(within: .seconds(120), "others were confirmed last", poll: .seconds(1)) {
        try await site.sql("UPDATE users SET email = clock_timestamp()::text WHERE id > 24")
        return try await site.sql("SELECT count(*) FROM rollcall.confirmed, unnest(keys) AS k WHERE k::int <= 24")
          == "0"
      }
      try await site.sql("UPDATE gate SET mode = 'shut'")
      for id in 1...23 { try await site.sql("UPDATE users SET email = 'new' WHERE id = \(id)") }
      try await eventually("they are parked") { try await site.parked().count == 23 }
      try await site.sql("UPDATE users SET email = 'new' WHERE id = 24")
      try await paused(site, "the gate is shut")
      try await site.sql("UPDATE gate SET mode = '\(mending.rawValue)'")
      let some = mending == .all ? 24 : 23
      try await eventually(within: .seconds(120), "all are changed") {
        try await site.entries(["mail"]).values.filter { $0["mail"] == ["new"] }.count == some
      }
      try await eventually("nobody else is parked") {
        try await site.parked() == (mending == .all ? [] : ["24|mapping"])
      }
    }
  }

  @Test("G8: removals of those who were parked for a failure of all rows are decided together")
  func removalsTogether() async throws {
    var settings = SiteSettings()
    settings.schema += Self.gate("allowed(id int) RETURNS boolean", "id > 24 OR now = 'open'")
    settings.source += "\n  where: allowed(id)"
    settings.more = "removals: { most: 0%, least: 5 }"
    let site = try await World.shared.site(settings)
    try await site.insert((1...30).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 30 }
      try await site.sql("UPDATE gate SET mode = 'shut'")
      for id in 1...24 { try await site.sql("UPDATE users SET email = 'new' WHERE id = \(id)") }
      try await paused(site, "the gate is shut")
      try await site.sql("UPDATE gate SET mode = 'few'")
      // The one that showed that the mapping works again was looked at by itself.
      try await eventually(within: .seconds(90), "the others are held") {
        try await Int(site.sql("SELECT count(*) FROM rollcall.held")) ?? 0 >= 23
      }
      #expect(try await site.names().count >= 29)
    }
  }

  @Test("G8: they are one batch, however many passes they take") func oneBatch() async throws {
    let configuration = try await World.shared.site().configuration
    try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      engine.roster.health.onRecovered?(["1", "2"])
      let batches = engine.dispatcher.queue.removalBatches
      #expect(batches.of("1").count == 1 && batches.of("1") == batches.of("2"))
    }
  }
}
