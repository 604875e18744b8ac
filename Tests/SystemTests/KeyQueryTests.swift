import LDAPModel
import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration
@testable import RollcallEngine
@testable import RollcallLedger

/// Values from other tables: `source.watch[].keys` finds the people whom a changed row concerns.
@Suite struct KeyQueryTests {
  static let people = "SELECT users.id FROM users JOIN changed ON users.department_id = changed.id"

  /// Forty people in department 1, three in 2 and two in 3; the people of 2 report to person 1.
  func site(
    departments query: String = people, _ adjust: (inout SiteSettings) -> Void = { _ in }
  ) async throws -> Site {
    var settings = SiteSettings()
    settings.schema += """
      ; CREATE TABLE departments (id int PRIMARY KEY, name text, is_open boolean NOT NULL DEFAULT true);
      CREATE TABLE knobs (bad int);
      ALTER TABLE users ADD department_id int, ADD manager_id int, ADD phone text;
      INSERT INTO departments VALUES (1, 'One'), (2, 'Two'), (3, 'Three')
      """
    settings.watch = """
      SELECT rollcall.watch('users', 'id', NULL, '{status,department_id}');
      SELECT rollcall.watch('departments', 'id', '{name,is_open}', '{is_open,id}')
      """
    settings.source = """
      where: (SELECT d.is_open FROM departments AS d WHERE d.id = department_id) IS DISTINCT FROM false
        active: status = 'active'
        watch:
          - { table: departments, key: id, keys: "\(query)" }
          - { table: users, key: id, keys: "SELECT u.id FROM users AS u JOIN changed ON u.manager_id = changed.id" }
      """
    settings.attributes += """

          departmentNumber: (SELECT d.name FROM departments AS d WHERE d.id = department_id)
          telephoneNumber: (SELECT m.phone FROM users AS m WHERE m.id = roster.manager_id)
      """
    settings.more = "removals: { most: 10%, least: 5 }\nsweep: { every: 1s }"
    settings.grants = "GRANT SELECT ON knobs TO"
    adjust(&settings)
    let site = try await World.shared.site(settings)
    try await site.insert((1...45).map { "u\($0)" })
    try await site.sql(
      """
      UPDATE users SET department_id = CASE WHEN id <= 40 THEN 1 WHEN id <= 43 THEN 2 ELSE 3 END;
      UPDATE users SET manager_id = 1 WHERE department_id = 2
      """)
    try await site.sync()
    #expect(try await site.names().count == 45)
    return site
  }

  /// How many entries have this value.
  func count(_ site: Site, _ attribute: String, _ value: String?) async throws -> Int {
    try await site.entries([attribute]).values.filter { $0[attribute].first?.text == value }.count
  }

  /// Waits until who was confirmed last has been looked at again, which a server without a clock causes.
  func idle(_ running: RunningDaemon) async throws {
    let daemon = running.daemon
    try await eventually("nobody waits") {
      try await Reactor.run {
        let engine = daemon.engine
        return engine.dispatcher.queue.backlog == 0 && engine.servers.suspects.isEmpty && !engine.reconciles.isUnderWay
      }
    }
  }

  /// Waits until no directory needs what is logged now.
  func pruned(_ site: Site) async throws {
    try await eventually("the log is empty") {
      try await site.sql("SELECT rollcall.prune(); SELECT count(*) FROM rollcall.change").hasSuffix("\n0")
    }
  }

  @Test("a change reaches the people whom it concerns, with its transaction; what it removes is held as one batch")
  func changes() async throws {
    let site = try await site()
    try await site.withDaemon { daemon in
      try await idle(daemon)
      let xid = try await site.sql("UPDATE departments SET name = 'Uno' WHERE id = 1 RETURNING pg_current_xact_id()")
      try await eventually("all of the department have it") {
        try await count(site, "departmentNumber", "Uno") == 40
      }
      #expect(
        try await site.sql(
          "SELECT count(DISTINCT key), min(cause), max(cause) FROM rollcall.journal WHERE xid = '\(xid)' AND action = 'update'"
        )
          == "40|sweep|sweep")
      // The people's own table: of a manager, and of one who goes. A key of the other table is nobody's.
      try await site.sql("UPDATE users SET phone = '+49 1' WHERE id = 1")
      try await eventually("the reports have the phone") { try await count(site, "telephoneNumber", "+49 1") == 3 }
      try await site.sql("DELETE FROM users WHERE id = 1; UPDATE departments SET name = 'Dos' WHERE id = 2")
      try await eventually("the reports have none") { try await count(site, "telephoneNumber", "+49 1") == 0 }
      try await eventually("a few have the name") { try await count(site, "departmentNumber", "Dos") == 3 }
      try await site.sql("DELETE FROM departments WHERE id = 3")
      try await eventually("a department has gone") { try await count(site, "departmentNumber", nil) == 2 }
      try await eventually("she has gone too") { try await site.names().count == 44 }

      // Some of the people are written by the same transaction: they are a part of the wipe.
      try await site.sql(
        """
        BEGIN; UPDATE departments SET is_open = false WHERE id = 1; UPDATE users SET email = 'new' WHERE id BETWEEN 2 AND 5;
        COMMIT
        """)
      try await eventually("all of the department are held") { try await site.heldKeys().count == 39 }
      #expect(try await site.names().count == 44)
      try await site.sql("UPDATE departments SET is_open = false WHERE id = 2")
      try await eventually("three are within the budget") { try await site.names().count == 41 }
      try await site.sql("UPDATE departments SET is_open = true WHERE id IN (1, 2)")
      try await eventually("they come back") { try await site.names().count == 44 }
      try await eventually("the holds are dissolved") { try await site.heldKeys().isEmpty }
      try await pruned(site)
    }
    try await site.expectInStep()
  }

  @Test("a query that fails loses nothing: rows that make it fail wait alone, and a restart finds them")
  func failures() async throws {
    let query = Self.people + " AND 1 / (changed.id - (SELECT bad FROM knobs)) IS NOT NULL"
    let site = try await site(departments: query)
    try await site.sql("INSERT INTO knobs VALUES (3)")
    func problem() async throws -> String {
      try await site.report().problems.first { $0.code == .mapping }?.message ?? "none"
    }
    // Of a daemon that has ended in order, so that all that has settled is stored.
    func kept(_ key: String, _ what: Comment) async throws {
      let isKept = try await site.sql(
        """
        SELECT NOT pg_visible_in_snapshot(c.xid, d.watermark) FROM rollcall.change AS c, rollcall.directory AS d
        WHERE c.key = '\(key)' AND c.source = 'departments'::regclass ORDER BY c.xid DESC LIMIT 1
        """)
      #expect(isKept == "t", what)
    }
    try await site.withDaemon { daemon in
      try await idle(daemon)
      try await site.sql("UPDATE departments SET name = name || '!'")
      try await eventually("the others have it") {
        try await (count(site, "departmentNumber", "One!"), count(site, "departmentNumber", "Two!")) == (40, 3)
      }
      try await eventually("it is named") {
        let problem = try await problem()
        return problem.contains("source.watch[0].keys: whom changes of \"departments\" concern cannot be found")
          && problem.contains("for the row 3: division by zero")
      }
      #expect(try await count(site, "departmentNumber", "Three") == 2)
      try await site.sql("UPDATE knobs SET bad = 0")
      try await eventually("it is tried again") { try await count(site, "departmentNumber", "Three!") == 2 }
      try await eventually("the problem is over") { try await problem() == "none" }

      // Once more, and then the whole query: the changes of others go on.
      try await site.sql("UPDATE knobs SET bad = 3; UPDATE departments SET name = 'Trois' WHERE id = 3")
      try await eventually("it is named") { try await problem().contains("for the row 3: division by zero") }
    }
    try await kept("3", "what is set aside")
    try await site.sql("UPDATE knobs SET bad = 0")
    try await site.withDaemon { daemon in
      try await pruned(site)
      try await idle(daemon)
      try await site.sql("ALTER TABLE knobs RENAME TO handles")
      try await site.sql(
        "UPDATE departments SET name = 'Drei' WHERE id = 3; UPDATE users SET phone = '+49 2' WHERE id = 1")
      try await eventually("it is named") { try await problem().contains("\"knobs\" does not exist") }
      try await eventually("another query is answered") { try await count(site, "telephoneNumber", "+49 2") == 3 }
      #expect(try await count(site, "departmentNumber", "Drei") == 0)
    }
    try await kept("3", "a stretch that is not read")
    try await site.sql("ALTER TABLE handles RENAME TO knobs")
    try await site.withDaemon { _ in
      try await eventually("the change is found") { try await count(site, "departmentNumber", "Drei") == 2 }
      try await pruned(site)
      // A type that cannot hold the key of a change that waits: whom it concerns nobody knows.
      try await site.sql(
        "ALTER TABLE knobs RENAME TO handles; UPDATE departments SET id = 40000, name = 'Tres' WHERE id = 3")
      try await eventually("it is named") { try await problem().contains("\"knobs\" does not exist") }
      let compared = try await site.sql("SELECT last_reconcile FROM rollcall.directory")
      try await site.sql(
        """
        BEGIN; UPDATE departments SET id = 30 WHERE id = 40000; ALTER TABLE departments ALTER id TYPE smallint;
        UPDATE users SET department_id = 30 WHERE department_id = 3; ALTER TABLE handles RENAME TO knobs; COMMIT
        """)
      try await eventually("everybody is compared") {
        try await site.sql("SELECT last_reconcile FROM rollcall.directory") != compared
      }
      #expect(try await count(site, "departmentNumber", "Tres") == 2)
      try await eventually("the problem is over") { try await problem() == "none" }
      try await pruned(site)
    }
    try await site.expectInStep()
  }

  @Test("whoever is looked at before the query has named him is no sign that the server lacks writes")
  func lookedAtBefore() async throws {
    let site = try await site(departments: Self.people + " AND 1 / (SELECT bad FROM knobs) IS NOT NULL")
    try await site.sql("INSERT INTO knobs VALUES (0); UPDATE departments SET name = 'Uno' WHERE id = 1")
    let compared = try await site.sql("SELECT last_reconcile FROM rollcall.directory")
    try await site.withDaemon(compared: false) { running in
      let daemon = running.daemon
      // The last confirmed people are looked at again at the start.
      try await eventually("they differ") { try await Reactor.run { daemon.engine.servers.suspects.count == 40 } }
      #expect(try await count(site, "departmentNumber", "Uno") == 40)
      try await site.sql("UPDATE knobs SET bad = 1")
      try await pruned(site)
      try await eventually("nobody is suspected") { try await Reactor.run { daemon.engine.servers.suspects.isEmpty } }
      #expect(try await Reactor.run { !daemon.engine.reconciles.isUnderWay })
      #expect(try await site.sql("SELECT last_reconcile FROM rollcall.directory") == compared)
      #expect(try await site.report().problems.isEmpty)
    }
  }

  @Test("two directories ask queries of their own, and the log is pruned of what both have seen")
  func twoDirectories() async throws {
    let site = try await site()
    let base = "ou=other\(site.name),\(site.directory.usersBase)"
    try await site.directory.modify(
      "dn: \(base)\nchangetype: add\nobjectClass: organizationalUnit\nou: other\(site.name)\n")
    let yaml = site.yaml.replacing("name: \(site.name)\nsource", with: "name: other\nsource")
      .replacing("base: \(site.base)", with: "base: \(base)")
      .replacing(Self.people, with: Self.people + " WHERE users.id > 42")
    let configuration = try Configuration.parse(yaml, file: "other.yaml", environment: [:]) {
      _ throws(UnreadableFile) in throw UnreadableFile(reason: "no files here")
    }
    let other = Site("other", base, configuration, yaml, site.postgres, site.directory, database: site.name)
    try await other.sync()
    try await site.withDaemon { _ in
      try await site.sql("UPDATE departments SET name = 'Zwei' WHERE id = 2")
      try await eventually("three have it") { try await count(site, "departmentNumber", "Zwei") == 3 }
      try await site.sql("SELECT rollcall.prune()")
      #expect(try await site.sql("SELECT count(*) FROM rollcall.change WHERE source = 'departments'::regclass") == "1")
      try await other.withDaemon { daemon in
        try await eventually("three have it") { try await count(other, "departmentNumber", "Zwei") == 3 }
        try await pruned(site)
        try await idle(daemon)
        try await site.sql("UPDATE departments SET name = 'Dos' WHERE id = 2")
        try await eventually("three have it") { try await count(site, "departmentNumber", "Dos") == 3 }
        try await eventually("one has it") { try await count(other, "departmentNumber", "Dos") == 1 }
        try await pruned(site)
        #expect(try await count(other, "departmentNumber", "Dos") == 1)
      }
    }
  }
}
