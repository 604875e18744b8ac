import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallEngine
@testable import RollcallLedger

/// G14: changes that are no longer logged are noticed while the daemon runs, and what was written meanwhile is found
/// when they are logged again. The daily comparison is far away in these tests.
@Suite struct CaptureLossTests {
  /// A way to lose changes.
  struct Loss: Sendable, CustomTestStringConvertible {
    var name: String
    /// What somebody does to the table; afterwards a row is written that nobody logs.
    var sql: String
    var testDescription: String { name }
  }

  static let losses = [
    Loss(name: "triggers are disabled", sql: "ALTER TABLE users DISABLE TRIGGER ALL"),
    Loss(
      name: "one trigger is enabled for ordinary sessions only", sql: "ALTER TABLE users ENABLE TRIGGER rollcall_insert"
    ),
    Loss(name: "a trigger is dropped", sql: "DROP TRIGGER rollcall_insert ON users"),
    Loss(
      name: "another table takes its name",
      sql: """
        CREATE TABLE users_new (LIKE users INCLUDING ALL); INSERT INTO users_new SELECT * FROM users;
        GRANT SELECT ON users_new TO PUBLIC; ALTER TABLE users RENAME TO users_old;
        ALTER TABLE users_new RENAME TO users
        """),
    Loss(
      name: "it is dropped and made anew",
      sql: """
        CREATE TABLE copy AS TABLE users; DROP TABLE users;
        CREATE TABLE users (LIKE copy); ALTER TABLE users ADD PRIMARY KEY (id); INSERT INTO users SELECT * FROM copy;
        GRANT SELECT ON users TO PUBLIC
        """),
    Loss(
      name: "a subscription begins to write to it",
      sql: """
        CREATE SUBSCRIPTION later CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);
        SET allow_system_table_mods = on;
        INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate)
          SELECT oid, 'users'::regclass, 'r' FROM pg_subscription WHERE subname = 'later'
        """),
  ]

  private func site() async throws -> Site {
    var settings = SiteSettings()
    settings.more = "sweep: { every: 500ms }"
    return try await World.shared.site(settings)
  }

  private func whole(_ site: Site) async throws {
    try await eventually("all is well") {
      let report = try await site.report()
      return report.isWell && report.directory?.reason == nil
    }
  }

  /// Writes a row that no trigger logs.
  private func writeUnlogged(_ site: Site, _ id: Int, _ name: String) async throws {
    try await site.sql(
      "ALTER TABLE users DISABLE TRIGGER ALL; INSERT INTO users VALUES (\(id), '\(name)', 'x', 'Full \(name)', 'active', now())"
    )
  }

  @Test("G14: lost capture is a problem that names table and fix, and is caught up with", arguments: losses)
  func isNoticedAndCaughtUpWith(_ loss: Loss) async throws {
    let site = try await site()
    try await site.insert(["ann"])
    try await site.withDaemon { daemon in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await whole(site)
      let sweeps = try await Sweeps(daemon)
      try await site.sql(loss.sql)
      try await sweeps.begin()
      try await eventually("status says so") {
        try await site.report().problems.contains { $0.code == .capture && $0.message.contains("users") }
      }
      try await sweeps.expectTwo()
      let report = try await site.report()
      #expect(!report.isWell)
      #expect(report.problems.first?.fix?.contains("rollcall install") == true)
      try await writeUnlogged(site, 2, "ben")
      if loss.name.hasPrefix("a subscription") {
        try await site.sql("SET allow_system_table_mods = on; DELETE FROM pg_subscription_rel; DROP SUBSCRIPTION later")
      }
      try await site.sql("SELECT rollcall.watch('public.users', 'id')")
      try await eventually("ben is found") { try await site.names() == ["ann", "ben"] }
      try await whole(site)
    }
    try await site.expectInStep()
  }

  @Test("G14: so is that of a table of source.watch") func aWatchedTable() async throws {
    var settings = SiteSettings.groups()
    settings.more = "sweep: { every: 500ms }"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.grant([(1, "devs")])
    try await site.withDaemon { daemon in
      try await eventually("ann is in") { try await site.members("devs") == ["ann"] }
      try await whole(site)
      let sweeps = try await Sweeps(daemon)
      try await site.sql("ALTER TABLE user_roles DISABLE TRIGGER ALL")
      try await sweeps.begin()
      try await site.grant([(2, "devs")])
      try await eventually("status says so") {
        try await site.report().problems.contains { $0.code == .capture && $0.message.contains("user_roles") }
      }
      try await sweeps.expectTwo()
      try await site.sql("SELECT rollcall.watch('public.user_roles', 'user_id')")
      try await eventually("ben is found") { try await site.members("devs") == ["ann", "ben"] }
      try await whole(site)
    }
    try await site.expectInStep()
  }

  @Test(
    "G14: a view that reads another column from now on is a problem until the triggers watch it",
    arguments: ["people", "people_below"])
  func aViewIsReplaced(_ view: String) async throws {
    var settings = SiteSettings()
    settings.schema += """

      ALTER TABLE users ADD phone text, ADD mobile text;
      CREATE VIEW people_below AS SELECT id, username, email, full_name, status, phone FROM users;
      CREATE VIEW people AS SELECT id, username, email, full_name, status, phone FROM people_below;
      GRANT SELECT ON people, people_below TO PUBLIC;
      """
    settings.watch = "SELECT rollcall.watch('public.users', 'id', '{username,email,full_name,status,phone}')"
    settings.table = "public.people"
    settings.source += "\n  watch: [{ table: users, key: id }]"
    settings.attributes += "\n    mobile: phone"
    settings.more = "sweep: { every: 500ms }\nremovals: { most: 100% }"
    let site = try await World.shared.site(settings)
    try await site.sql("INSERT INTO users VALUES (1, 'ann', 'x', 'Ann', 'active', now(), '1', '2')")
    try await site.withDaemon { daemon in
      try await eventually("ann is there") { try await site.value("mobile", of: "1") == "1" }
      try await whole(site)
      let sweeps = try await Sweeps(daemon)
      try await site.sql(
        """
        CREATE OR REPLACE VIEW \(view) AS SELECT id, username, email, full_name, status, mobile AS phone FROM users
        """)
      try await sweeps.begin()
      try await eventually("status says so") {
        try await site.report().problems.contains { $0.code == .capture && $0.message.contains("mobile") }
      }
      try await sweeps.expectTwo()
      try await site.sql("UPDATE users SET mobile = '3'")
      try await site.sql(
        "SELECT rollcall.watch('public.users', 'id', '{username,email,full_name,status,phone,mobile}')")
      try await eventually("her number is found") { try await site.value("mobile", of: "1") == "3" }
      try await whole(site)
    }
    try await site.expectInStep()
  }

  @Test("a function of the mapping that is replaced concerns everybody; a GRANT on it nobody")
  func aFunctionIsReplaced() async throws {
    var settings = SiteSettings()
    settings.schema += "\nCREATE FUNCTION title(name text) RETURNS text LANGUAGE sql AS $$ SELECT name || '!' $$;"
    settings.attributes += "\n    title: title(full_name)"
    settings.more = "sweep: { every: 500ms }"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann"])
    try await site.withDaemon { daemon in
      try await eventually("ann is there") { try await site.value("title", of: "1") == "Full ann!" }
      try await whole(site)
      let sweeps = try await Sweeps(daemon)
      let before = try await site.sql("SELECT last_reconcile FROM rollcall.directory")
      try await site.sql("GRANT EXECUTE ON FUNCTION title(text) TO pg_monitor")
      try await sweeps.begin()
      try await eventually("it has swept three times") { try await sweeps.count() > 3 }
      #expect(try await site.sql("SELECT last_reconcile FROM rollcall.directory") == before)
      try await site.sql(
        "CREATE OR REPLACE FUNCTION title(name text) RETURNS text LANGUAGE sql AS $$ SELECT name || '?' $$")
      try await eventually("she has it") { try await site.value("title", of: "1") == "Full ann?" }
    }
  }

  /// Counts the sweeps until a loss is a problem.
  @Reactor
  private final class Sweeps {
    private let capture: CaptureWatch
    private var first = 0
    private var seen: Int?

    init(_ running: RunningDaemon) async throws {
      let engine = running.daemon.engine
      capture = engine.capture
      // Before it has made its first check everything is read anyway.
      let deadline = ContinuousClock.now + .seconds(60)
      while !capture.isVerified, .now < deadline { try await Reactor.sleep(for: .milliseconds(20)) }
      try #require(capture.isVerified)
      engine.events.subscribe { event in
        guard case .problem(let code, _, _, _) = event, code == ConditionProblem.Code.capture.rawValue else { return }
        self.seen = self.capture.looks
      }
    }

    /// From here on, where a sweep that has begun before may still see nothing.
    func begin() throws { first = capture.looks }
    func count() throws -> Int { capture.looks - first }

    func expectTwo(_ location: SourceLocation = #_sourceLocation) throws {
      let seen = try #require(seen, sourceLocation: location)
      // The sweep that sees it has not ended yet.
      #expect(seen - first < 2, sourceLocation: location)
    }
  }

  @Test("G14: triggers that were off for a moment are noticed, also by a daemon that starts later")
  func offForAMoment() async throws {
    let site = try await site()
    try await site.insert(["ann"])
    func offAndOn(_ id: Int, _ name: String) async throws {
      try await site.sql(
        """
        BEGIN; ALTER TABLE users DISABLE TRIGGER ALL;
        INSERT INTO users VALUES (\(id), '\(name)', 'x', 'Full \(name)', 'active', now());
        ALTER TABLE users ENABLE ALWAYS TRIGGER rollcall_insert; ALTER TABLE users ENABLE ALWAYS TRIGGER rollcall_update;
        ALTER TABLE users ENABLE ALWAYS TRIGGER rollcall_delete; ALTER TABLE users ENABLE ALWAYS TRIGGER rollcall_truncate;
        COMMIT
        """)
    }
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await whole(site)
      try await offAndOn(2, "ben")
      try await eventually("ben is found") { try await site.names() == ["ann", "ben"] }
    }
    try await offAndOn(3, "cid")
    try await site.withDaemon { _ in
      try await eventually("cid is found") { try await site.names() == ["ann", "ben", "cid"] }
    }
    try await site.expectInStep()
  }

  @Test("G14: while nothing changes nobody is compared")
  func nothingHappens() async throws {
    let site = try await site()
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await whole(site)
    }
    let before = try await site.sql("SELECT last_reconcile FROM rollcall.directory")
    try await site.withDaemon { _ in
      let first = try await site.sql("SELECT looked_at FROM rollcall.directory")
      try await eventually("it has swept three times") {
        try await site.sql("SELECT looked_at > '\(first)'::timestamptz + interval '1.5 s' FROM rollcall.directory")
          == "t"
      }
    }
    #expect(try await site.sql("SELECT last_reconcile FROM rollcall.directory") == before)
  }
}
