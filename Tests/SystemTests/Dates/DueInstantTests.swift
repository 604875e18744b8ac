import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine

/// Thousands whose date is the same.
@Suite struct DueInstantTests {
  private static let many = 2000

  @Test("two thousand who join at one instant are a bulk load, and two thousand who leave at one are held as a batch")
  func thousands() async throws {
    var settings = DueTests.settings("{ most: 10%, least: 25 }")
    settings.schema += "\nALTER TABLE users ADD nap float;"
    // Each of them takes a moment, so that the load lasts.
    settings.attributes = settings.attributes.replacing(
      "cn: full_name", with: "cn: full_name || coalesce(pg_sleep(nap)::text, '')")
    let site = try await World.shared.site(settings)
    try await site.insert((1...100).map { "u\($0)" })
    try await site.sync()
    let all = 100 + Self.many
    try await site.withDaemon { running in
      let daemon = running.daemon
      // Late enough to be settled before, also on a slow machine.
      let instant = try await site.sql("SELECT now() + interval '20 seconds'")
      try await site.sql(
        """
        INSERT INTO users (id, username, full_name, status, valid_from, nap)
        SELECT n, 'u' || n, 'Full U' || n, 'active', '\(instant)', 0.002 FROM generate_series(101, \(all)) n
        """)
      try await eventually("they wait as a bulk load") {
        let waiting = try await Reactor.run { daemon.engine.dispatcher.queue.waiting }
        return (waiting[.due] ?? 0) > 1000 && waiting[.retry] == nil
      }
      let single = try await site.sql("UPDATE users SET email = 'new' WHERE id = 50 RETURNING pg_current_xact_id()")
      try await eventually(within: .seconds(300), "all have joined", poll: .milliseconds(200)) {
        try await site.names().count == all
      }
      let later = try await site.sql(
        """
        SELECT count(*) > 0, bool_and(cause = 'due' AND action = 'create') FROM rollcall.journal
        WHERE id > (SELECT id FROM rollcall.journal WHERE xid = '\(single)')
        """)
      #expect(later == "t|t", "a single write overtakes them")

      let end = try await site.sql("SELECT now() + interval '15 seconds'")
      try await site.sql("UPDATE users SET valid_until = '\(end)', nap = NULL WHERE id > 100")
      try await eventually(within: .seconds(300), "all of them are held", poll: .milliseconds(200)) {
        try await site.sql("SELECT count(*) FROM rollcall.held WHERE action = 'delete'") == "\(Self.many)"
      }
      #expect(try await site.sql("SELECT count(DISTINCT since) FROM rollcall.held") == "1", "they are one batch")
      #expect(try await site.names().count == all)
      // What is within the budget goes, and nothing else.
      try await site.sql("UPDATE users SET valid_until = now() + interval '1 second' WHERE id <= 3")
      try await eventually("three are gone") { try await site.names().count == all - 3 }
      let gone = "SELECT count(DISTINCT key) FROM rollcall.journal WHERE action = 'delete'"
      #expect(try await site.sql(gone) == "3")
    }
    #expect(try await site.heldKeys().count == Self.many)
  }
}
