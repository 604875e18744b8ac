import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration
@testable import RollcallEngine
@testable import RollcallLedger

/// Who asks the query, and who waits for it.
extension KeyQueryTests {
  @Test("G15: source.reader asks the query, with its own rights")
  func aReader() async throws {
    let site = try await site(departments: "SELECT person FROM places JOIN changed ON department = changed.id") {
      $0.schema += "; CREATE TABLE places (department int, person int)"
      $0.grants = "GRANT SELECT ON places TO"
    }
    try await site.sql("INSERT INTO places SELECT department_id, id FROM users")
    let reader = "\(site.name)_reader"
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    try await site.sql("CREATE ROLE \(reader) LOGIN")
    try await site.postgres.psqlFile("/\(root)/sql/grants.sql", variables: ["reader": reader], database: site.name)
    try await site.sql("REVOKE SELECT ON users, departments, places FROM \(site.name)")
    let conninfo = site.postgres.conninfo(user: reader, database: site.name)
    let yaml = site.yaml.replacing("  key: id\n", with: "  key: id\n  reader: \"\(conninfo)\"\n", maxReplacements: 1)
    let configuration = try Configuration.parse(yaml, file: "reader.yaml", environment: [:]) {
      _ throws(UnreadableFile) in throw UnreadableFile(reason: "no files here")
    }
    let read = Site(site.name, site.base, configuration, yaml, site.postgres, site.directory)
    try await site.sql("UPDATE departments SET name = 'Dos' WHERE id = 2")
    let denied = await #expect(throws: EngineError.self) { try await read.sync() }
    #expect("\(denied.map { "\($0)" } ?? "")".contains("permission denied for table places"))
    try await site.sql("GRANT SELECT ON places TO \(reader)")
    try await read.sync()
    #expect(try await count(read, "departmentNumber", "Dos") == 3)
    try await read.withDaemon { running in
      try await idle(running)
      try await site.sql("UPDATE departments SET name = 'Uno' WHERE id = 1")
      try await eventually("all of the department have it") { try await count(read, "departmentNumber", "Uno") == 40 }
      // The same transaction has written some of the people: the query says that they belong to it.
      try await site.sql(
        """
        BEGIN; UPDATE departments SET is_open = false WHERE id = 1; UPDATE users SET email = 'new' WHERE id BETWEEN 2 AND 5;
        COMMIT
        """)
      try await eventually("all of the department are held") { try await read.heldKeys().count == 40 }
      #expect(try await read.names().count == 45)
    }
  }

  @Test("who asks for a sync while a query fails is told its name, once everything else is written")
  func askedWhileItFails() async throws {
    let site = try await site(
      departments: Self.people + " AND 1 / (changed.id - (SELECT bad FROM knobs)) IS NOT NULL")
    let configuration = site.configuration
    func ask(_ work: OneShot.Work, isLed: Bool = true) async throws -> OneShot.Outcome? {
      try await Reactor.run {
        let engine = try Engine(configuration, logger: Site.logger)
        defer { engine.close() }
        let asking = OneShot(engine)
        return isLed ? try await asking.askLeader(work) : try await asking.run(work)
      }
    }
    func refusal(_ work: OneShot.Work = .look, isLed: Bool = true) async throws -> String {
      let error = await #expect(throws: EngineError.self) { try await ask(work, isLed: isLed) }
      return error.map { "\($0)" } ?? "done"
    }
    let words = "source.watch[0].keys: whom changes of \"departments\" concern cannot be found, and they wait: "
    try await site.sql(
      """
      INSERT INTO knobs VALUES (3); DELETE FROM rollcall.confirmed;
      UPDATE departments SET name = name || '!'; UPDATE users SET email = 'new1' WHERE id = 44
      """)
    #expect(try await refusal(isLed: false).hasPrefix("\(words)for the row 3: division by zero"))
    #expect(try await count(site, "departmentNumber", "One!") == 40)
    #expect(try await count(site, "mail", "new1") == 1)
    #expect(try await count(site, "departmentNumber", "Three") == 1, "44 was looked at for a reason of his own")
    // Whoever is named needs no query.
    try await site.sql("DELETE FROM rollcall.confirmed")
    let outcome = try #require(try await ask(.keys(["45"]), isLed: false))
    #expect(outcome.keys.map(\.written) == [["update"]] && outcome.keys.map(\.isOpen) == [false])

    try await site.withDaemon { _ in
      try await site.sql(
        "UPDATE departments SET name = 'Drei' WHERE id = 3; UPDATE users SET email = 'new2' WHERE id = 1")
      let prefix = "the leading daemon failed: \(words)"
      #expect(try await refusal().hasPrefix("\(prefix)for the row 3: division by zero"))
      #expect(try await count(site, "mail", "new2") == 1)
      // It is asked now, not after a pause.
      try await site.sql("UPDATE knobs SET bad = 0")
      #expect(try await ask(.look)?.parked == 0)
      #expect(try await count(site, "departmentNumber", "Drei") == 2)
      // Not rows, but the query.
      try await site.sql("ALTER TABLE knobs RENAME TO handles; UPDATE departments SET name = 'Trois' WHERE id = 3")
      let missing = try await refusal()
      #expect(missing.hasPrefix(prefix) && missing.contains("\"knobs\" does not exist"), "\(missing)")
      // A comparison needs no query; what is logged waits nevertheless.
      #expect(try await refusal(.full) == missing)
      #expect(try await count(site, "departmentNumber", "Trois") == 2)
      try await site.sql("ALTER TABLE handles RENAME TO knobs; UPDATE users SET email = 'new3' WHERE id = 1")
      #expect(try await ask(.look)?.parked == 0)
      #expect(try await count(site, "mail", "new3") == 1)
      #expect(try await site.report().problems.isEmpty)
    }
    try await site.expectInStep()
  }
}
