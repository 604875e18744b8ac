import Postgres
import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallEngine
@testable import RollcallLedger

/// A log that was restored from an older cluster into a younger one holds transaction ids that are still to come.
@Suite struct RestoredLogTests {
  private static let future = """
    INSERT INTO rollcall.change (xid, source, key)
    SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000000 + n)::text::xid8, 'users'::regclass, n::text
    FROM generate_series(1, 1500) n;
    INSERT INTO rollcall.urgent (xid, source, key) SELECT xid, source, key FROM rollcall.change
    WHERE xid::text::bigint > 1000000000 AND key::int <= 40
    """

  @Test("G12: changes of a future that never was are not looked at, and pruned")
  func future() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.sql(Self.future)
    // Each look would find them anew.
    let conninfo = site.postgres.conninfo(database: site.name)
    let (look, hasMore) = try await Reactor.run {
      let database = Database(try ConnectionOptions(conninfo, applicationName: "test"))
      defer { database.close() }
      let log = ChangeLog(database)
      let look = try await log.look(beyond: "3:3:")
      return (look, try await log.hasNews(beyond: look.snapshot, stops: look.stops))
    }
    #expect(!look.isBulk && look.changes.map(\.key) == ["1"])
    #expect(look.marks.isEmpty && !hasMore)
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await eventually("all is settled") { try await site.report().backlog == 0 }
      try await site.sql("UPDATE users SET email = 'y'")
      try await eventually("ann has changed") { try await site.value("mail", of: "1") == "y" }
    }
    try await site.sync()
    #expect(try await site.sql("SELECT count(*) FROM rollcall.change WHERE key <> '1'") == "0")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.urgent") == "0")
  }

  @Test func theyAreNoBacklog() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.sync()
    try await site.sql(Self.future)
    #expect(try await site.report().backlog == 0)
  }

  @Test("a pin until the row changes ends with a change in a younger cluster, too") func pins() async throws {
    let site = try await site(pinned: "1")
    // As if it had been set in a cluster that has given out more ids.
    try await site.sql(
      """
      UPDATE rollcall.pinned SET seen = format('%1$s:%1$s:', pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000000)::pg_snapshot;
      UPDATE rollcall.directory SET system_identifier = 'another'
      """)
    try await site.sync()
    #expect(try await site.report().pinned.map(\.key) == ["1"])
    #expect(try await site.value("mail", of: "1") == "ann@example.com")
    try await site.sql("UPDATE users SET email = 'new' WHERE id = 1")
    try await site.sync()
    #expect(try await site.value("mail", of: "1") == "new")
    #expect(try await site.report().pinned.isEmpty)
  }

  private func site(pinned key: RosterKey) async throws -> Site {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.sync()
    try await site.pinUntilChange([key])
    return site
  }
}
