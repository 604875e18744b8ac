import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallEngine
@testable import RollcallLedger

/// Changes of many rows, and rows that concern many people.
extension KeyQueryTests {
  @Test("people in their thousands are a bulk load, which a single change of somebody else overtakes")
  func aBulkLoad() async throws {
    let site = try await site { settings in
      settings.schema += "; ALTER TABLE departments ADD nap float"
      settings.watch = settings.watch.replacing("{name,is_open}", with: "{name,is_open,nap}")
      // Each takes a moment, so that the load lasts.
      settings.attributes = settings.attributes.replacing(
        "d.name FROM", with: "d.name || coalesce(pg_sleep(d.nap)::text, '') FROM")
    }
    let many = 2500
    try await site.sql(
      """
      INSERT INTO users (id, username, full_name, status, department_id)
      SELECT n, 'u' || n, 'Full Name' || n, 'active', 1 FROM generate_series(46, \(many)) AS n
      """)
    try await site.sync()
    var single = ""
    try await site.withDaemon { running in
      let daemon = running.daemon
      try await idle(running)
      try await site.sql("UPDATE departments SET name = 'Uno', nap = 0.004 WHERE id = 1")
      try await eventually("they wait as a bulk load") {
        let waiting = try await Reactor.run { daemon.engine.dispatcher.queue.waiting }
        return (waiting[.sweep] ?? 0) > 1000 && waiting[.retry] == nil
      }
      single = try await site.sql("UPDATE users SET email = 'new' WHERE id = 44 RETURNING pg_current_xact_id()")
      try await eventually("he is written") { try await count(site, "mail", "new") == 1 }
      try await eventually("all of the department have it") {
        try await count(site, "departmentNumber", "Uno") == many - 5
      }
    }
    let later = try await site.sql(
      """
      SELECT count(*) > 0, bool_and(cause = 'sweep') FROM rollcall.journal
      WHERE id > (SELECT id FROM rollcall.journal WHERE xid = '\(single)')
      """)
    #expect(later == "t|t")
    try await site.expectInStep()
  }

  @Test("more changed rows than a page are read through a cursor, and none is left out, whatever is lost meanwhile")
  func manyRows() async throws {
    let site = try await site(
      departments: Self.people + " AND 1 / (changed.id - (SELECT bad FROM knobs)) IS NOT NULL")
    // Three pages, in the order of the keys as text.
    try await site.sql(
      """
      INSERT INTO departments SELECT n, n FROM generate_series(4, 2500) AS n;
      INSERT INTO knobs VALUES (0);
      UPDATE users SET department_id = CASE id WHEN 44 THEN 2000 ELSE 999 END WHERE id > 43
      """)
    try await site.sync()
    try await site.sql("UPDATE knobs SET bad = 2000")
    let sessions = "FROM pg_stat_activity WHERE application_name LIKE 'rollcall \(site.name)%'"
    try await site.withDaemon { running in
      try await idle(running)
      let holder = try await site.session()
      try await holder.run("BEGIN; LOCK TABLE knobs")
      try await site.sql("UPDATE departments SET name = name || '!'")
      let reading = "\(sessions) AND (query LIKE 'FETCH % FROM rollcall_rows_0' OR query LIKE '%FROM few AS c%')"
      let asking = "\(sessions) AND wait_event_type = 'Lock'"
      try await eventually("the first page has been read, and is asked for") {
        try await site.sql("SELECT (SELECT count(*) \(reading)), (SELECT count(*) \(asking))") == "1|1"
      }
      // The page is asked for again, and the next one is read through another cursor.
      try await site.sql("SELECT pg_cancel_backend(pid) \(asking)")
      try await eventually("it is asked for again") {
        let problem = try await site.report().problems.first { $0.code == .mapping }?.message ?? "none"
        if !problem.contains("canceling statement") { return false }
        return try await site.sql("SELECT count(*) \(asking)") == "1"
      }
      try await site.sql("SELECT pg_terminate_backend(pid) \(reading)")
      try await holder.run("COMMIT")
      try await eventually("the first page and the last one") {
        try await (count(site, "departmentNumber", "One!"), count(site, "departmentNumber", "999!")) == (40, 1)
      }
      #expect(try await count(site, "departmentNumber", "Two!") == 3)
      try await eventually("the row in between is named") {
        let problem = try await site.report().problems.first { $0.code == .mapping }?.message ?? "none"
        return problem.contains("for the row 2000: division by zero")
      }
      #expect(try await count(site, "departmentNumber", "2000") == 1)
      try await site.sql("UPDATE knobs SET bad = 0")
      try await eventually("it is tried again") { try await count(site, "departmentNumber", "2000!") == 1 }
      try await pruned(site)
    }
    try await site.expectInStep()
  }
}
