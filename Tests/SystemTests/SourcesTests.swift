import LDAPModel
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// A directory looks only at changes of the tables and key columns that it reads. Whether it looks at a person shows in
/// an entry that somebody has changed by hand: it would be put right.
@Suite struct SourcesTests {
  /// A site with two people in step, and a table whose keys are other things' numbers.
  private func site() async throws -> Site {
    var settings = SiteSettings()
    settings.more = "removals: { most: 100% }\nsweep: { every: 500ms }"
    settings.watch += """
      ; CREATE TABLE things (id int, note text); SELECT rollcall.watch('things', 'id');
      SELECT rollcall.watch('users', 'email')
      """
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben"])
    return site
  }

  private func drift(_ site: Site) async throws {
    try await site.directory.modify(
      "dn: uid=ann,\(site.base)\nchangetype: modify\nreplace: mail\nmail: by-hand@example.com\n")
  }

  /// Waits until all that is logged now has been settled.
  private func settled(_ site: Site) async throws {
    let now = try await site.sql("SELECT pg_current_snapshot()")
    try await eventually("it is settled") {
      try await site.sql(
        "SELECT pg_snapshot_xmin(watermark) >= pg_snapshot_xmax('\(now)') FROM rollcall.directory WHERE name = '\(site.name)'"
      )
        == "t"
    }
  }

  @Test("keys of other tables, and of other key columns, are not looked up; nor does their TRUNCATE concern anybody")
  func keysOfOthers() async throws {
    let site = try await site()
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      try await eventually("the first comparison has ended") {
        try await site.sql("SELECT last_reconcile IS NOT NULL FROM rollcall.directory") == "t"
      }
      try await drift(site)
      let compared = try await site.sql("SELECT last_reconcile FROM rollcall.directory")
      // A notification, a look, a long window and everyone; and a person's key that is another's mail address.
      try await site.sql("INSERT INTO things VALUES (1, 'a')")
      try await settled(site)
      try await site.sql("SET rollcall.notify = off; UPDATE things SET note = 'b'")
      try await settled(site)
      try await site.sql("INSERT INTO things SELECT n, 'c' FROM generate_series(1, 3000) n")
      try await settled(site)
      try await site.sql("TRUNCATE things; UPDATE users SET email = '1' WHERE id = 2")
      try await settled(site)
      try await eventually("ben has his mail") { try await site.value("mail", of: "2") == "1" }
      #expect(try await site.value("mail", of: "1") == "by-hand@example.com")
      #expect(try await site.sql("SELECT last_reconcile FROM rollcall.directory") == compared)
      // Its own table is another matter.
      try await site.sql(
        "UPDATE users SET status = status WHERE id = 1; UPDATE users SET full_name = 'Ann' WHERE id = 1")
      try await eventually("ann is put right") { try await site.value("mail", of: "1") == "ann@example.com" }
    }
  }

  @Test("a key column that is watched while the daemon runs is taken up") func watchedLater() async throws {
    let site = try await site()
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      // Its triggers get another source, since those of the mail address stay.
      try await site.sql(
        """
        SELECT rollcall.unwatch('users', 'id'); SELECT rollcall.watch('users', 'username');
        SELECT rollcall.watch('users', 'id')
        """)
      #expect(
        try await site.sql("SELECT id < 16384 FROM rollcall.watched WHERE source = 'users'::regclass AND key = 'id'")
          == "t")
      try await site.sql("UPDATE users SET email = 'new' WHERE id = 1")
      try await eventually("ann has it") { try await site.value("mail", of: "1") == "new" }
      try await eventually("all is well") {
        try await site.report().problems.allSatisfy { $0.code != .capture }
      }
      try await site.sql("UPDATE users SET email = 'newer' WHERE id = 1")
      try await eventually("ann has it") { try await site.value("mail", of: "1") == "newer" }
    }
    try await site.expectInStep()
  }
}
