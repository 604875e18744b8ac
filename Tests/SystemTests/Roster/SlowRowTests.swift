import Foundation
import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// G7: rows that take too long, rows that are too large, and a mapping that fails for everybody.
@Suite struct SlowRowTests {
  @Test("G7: a row whose expression sleeps is set aside, and its neighbours are through within seconds")
  func aRowThatSleeps() async throws {
    var settings = SiteSettings()
    let sleep = "pg_sleep(CASE WHEN email = 'slow' THEN 60 ELSE 0 END)"
    settings.attributes += "\n    description: \"(SELECT email FROM \(sleep))\""
    let site = try await World.shared.site(settings)
    try await site.insert(["ann"], from: 100)
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await site.sql(
        """
        INSERT INTO users SELECT n, 'u' || n, CASE n WHEN 7 THEN 'slow' ELSE 'e' END, 'Full ' || n, 'active'
        FROM generate_series(1, 60) n
        """)
      // Two seconds on a machine with nothing else to do; the row itself sleeps for a minute.
      try await eventually(within: .seconds(20), "the neighbours are there") { try await site.names().count == 60 }
      try await eventually("it is parked") { try await site.parked() == ["7|mapping"] }
      #expect(try await site.sql("SELECT code FROM rollcall.parked") == "57014")
      // By itself as well.
      try await site.sql("UPDATE users SET email = 'slow' WHERE id = 100")
      try await eventually("it is parked") { try await site.parked() == ["100|mapping", "7|mapping"] }
      #expect(try await site.sql("SELECT state FROM rollcall.directory") == "connected")
      try await site.sql("UPDATE users SET email = 'quick' WHERE id IN (7, 100)")
      try await eventually("both are released") { try await site.parked().isEmpty }
      try await eventually("it is there") { try await site.value("mail", of: "7") == "quick" }
    }
    try await site.expectInStep()
  }

  @Test("G7: a row that was slow once, for a reason that no trigger sees, is read again by itself")
  func aRowThatWasSlowOnce() async throws {
    var settings = SiteSettings()
    settings.schema += """

      CREATE TABLE brake (id bigint, seconds float8);
      GRANT SELECT ON brake TO PUBLIC;
      CREATE FUNCTION brake(person bigint) RETURNS text LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(b.seconds) FROM public.brake AS b WHERE b.id = person; RETURN 'x'; END $$;
      """
    settings.attributes += "\n    description: brake(id)"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann"], from: 100)
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await site.sql("INSERT INTO brake VALUES (7, 60)")
      try await site.insert(["bo"], from: 7)
      try await eventually("it is parked") { try await site.parked() == ["7|mapping"] }
      #expect(try await site.sql("SELECT next_at IS NOT NULL FROM rollcall.parked") == "t")
      try await site.sql("DELETE FROM brake")
      try await eventually(within: .seconds(90), "it is there") { try await site.names() == ["ann", "bo"] }
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
    }
  }

  @Test("a mapping that fails for everybody pauses the directory, parks hardly anybody and resumes by itself")
  func aMappingThatFailsForEverybody() async throws {
    var settings = SiteSettings()
    settings.schema += """

      CREATE FUNCTION title(name text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN name; END $$;
      """
    settings.attributes += "\n    title: title(full_name)"
    let site = try await World.shared.site(settings)
    try await site.insert((1...100).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 100 }
      try await site.sql(
        """
        CREATE OR REPLACE FUNCTION title(name text) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'no titles today'; END $$;
        """)
      try await site.sql("UPDATE users SET email = 'new'")
      try await eventually("status says so") {
        try await site.sql("SELECT state, reason FROM rollcall.directory")
      } is: {
        $0.hasPrefix("paused|") && $0.contains("the mapping fails for everybody: no titles today")
      }
      #expect(try await site.parked().count < 30)
      try await site.sql(
        """
        CREATE OR REPLACE FUNCTION title(name text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN name; END $$;
        """)
      try await eventually(within: .seconds(60), "all are changed") {
        try await site.entries(["mail"]).values.filter { $0["mail"] == ["new"] }.count == 100
      }
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
    }
    try await site.expectInStep()
  }

  @Test("G7: forty rows that fail equally do not pause those that can be read")
  func fortyThatFail() async throws {
    var settings = SiteSettings()
    settings.attributes += "\n    departmentNumber: (email::int)::text"
    let site = try await World.shared.site(settings)
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, CASE WHEN n <= 40 THEN 'x' ELSE '1' END, 'Full', 'active'
      FROM generate_series(1, 60) n
      """)
    try await site.withDaemon { _ in
      try await eventually(within: .seconds(20), "the others are there") { try await site.names().count == 20 }
      try await eventually(within: .seconds(20), "the rest is parked") { try await site.parked().count == 40 }
      #expect(try await site.sql("SELECT state FROM rollcall.directory") == "connected")
    }
  }

  @Test("G12: eight rows with large pictures do not fill the memory, and everything else flows")
  func largePictures() async throws {
    var settings = SiteSettings()
    settings.schema = """
      CREATE TABLE users (id int PRIMARY KEY, username text, email text, full_name text, status text, photo bytea);
      """
    settings.attributes += "\n    jpegPhoto: photo"
    settings.source += "\n  largest_row: 50MB"
    let site = try await World.shared.site(settings)
    try await site.sql("INSERT INTO users VALUES (100, 'ann', 'a', 'Ann', 'active')")
    let folder = try TemporaryFolder()
    let daemon = try await DaemonProcess.start(site, in: folder)
    try await daemon.ready()
    try await eventually("ann is there") { try await site.names() == ["ann"] }
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'e', 'Full ' || n, 'active',
        decode(repeat('ff', CASE WHEN n <= 7 THEN 40000000 WHEN n = 8 THEN 60000000 ELSE 10 END), 'hex')
      FROM generate_series(1, 27) n
      """)
    try await eventually(within: .seconds(240), "the others are there") { try await site.names().count == 20 }
    try await eventually(within: .seconds(600), "the rest is parked") { try await site.parked().count == 8 }
    #expect(try await site.sql("SELECT count(*) FROM rollcall.parked WHERE reason = 'too-large'") == "8")
    #expect(try await site.sql("SELECT message FROM rollcall.parked WHERE key = '8'").contains("600000"))
    #expect(try await site.sql("SELECT state FROM rollcall.directory") == "connected")
    let peak = try String(contentsOfFile: "/proc/\(daemon.process.pid)/status", encoding: .utf8)
      .split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let megabytes = (peak?.split(whereSeparator: \.isWhitespace).dropFirst().first).flatMap { Int($0) }.map {
      $0 / 1024
    }
    #expect(megabytes.map { $0 < 500 } == true, "at most \(megabytes ?? -1) MB")
    await daemon.process.stop()
  }
}
