import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine

/// A row that concerns more people than one statement returns.
extension KeyQueryTests {
  @Test("a row that concerns people in more than one page: leavers amid them go, and their removals are one batch")
  func pages() async throws {
    let most = KeyQuery.page + 2000
    // The people of the second page alone are within the budget.
    let site = try await site {
      $0.more = "removals: { most: 40% }\nsweep: { every: 1s }\njournal: { values: false }"
    }
    try await site.sql(
      """
      CREATE INDEX ON users (department_id); CREATE INDEX ON users (manager_id);
      INSERT INTO users (id, username, full_name, status, department_id)
      SELECT n, 'u' || n, 'Full U' || n, 'active', 1 FROM generate_series(46, \(most)) AS n; ANALYZE users
      """)
    try await site.sync()
    func concerned(_ name: String) async throws -> Int { try await count(site, "departmentNumber", name) }
    func held() async throws -> Int { Int(try await site.sql("SELECT count(*) FROM rollcall.held")) ?? 0 }
    #expect(try await concerned("One") == most - 5)
    // At the end of the first page and in the second one, in the order of the keys as text.
    let leavers = ["7999", "9999"]
    let rest = most - 5 - leavers.count
    try await site.withDaemon { running in
      let daemon = running.daemon
      try await idle(running)
      let xid = try await site.sql("UPDATE departments SET name = 'Uno' WHERE id = 1 RETURNING pg_current_xact_id()")
      try await eventually("they wait as a bulk load") {
        try await Reactor.run { (daemon.engine.dispatcher.queue.waiting[.sweep] ?? 0) > 1000 }
      }
      try await site.sql("DELETE FROM users WHERE id IN (\(leavers.joined(separator: ", ")))")
      try await eventually(within: .seconds(300), "all of the department have it", poll: .seconds(1)) {
        try await concerned("Uno") == rest
      }
      // They went while it lasted.
      let left = "key IN ('\(leavers.joined(separator: "', '"))') AND action = 'delete' AND outcome = 'done'"
      let rows = try await site.sql(
        """
        SELECT count(DISTINCT key) FILTER (WHERE xid = '\(xid)'), count(*) FILTER (WHERE \(left)),
          max(id) FILTER (WHERE xid = '\(xid)') > max(id) FILTER (WHERE \(left))
        FROM rollcall.journal WHERE key NOT IN ('\(leavers.joined(separator: "', '"))') OR action = 'delete'
        """)
      #expect(rows == "\(rest)|2|t")

      try await site.sql("UPDATE departments SET is_open = false WHERE id = 1")
      try await eventually(within: .seconds(300), "all of them are held", poll: .seconds(1)) {
        try await held() == rest
      }
      #expect(try await site.names().count == rest + 5)
      try await site.sql("UPDATE departments SET is_open = true WHERE id = 1")
      try await eventually(within: .seconds(300), "the holds are dissolved", poll: .seconds(1)) {
        try await held() == 0
      }
      try await pruned(site)
    }
    try await site.expectInStep()
  }
}
