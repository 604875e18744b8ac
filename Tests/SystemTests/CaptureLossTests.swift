import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
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
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await whole(site)
      try await site.sql(loss.sql)
      try await eventually("status says so") {
        try await site.report().problems.contains { $0.code == .capture && $0.message.contains("users") }
      }
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
