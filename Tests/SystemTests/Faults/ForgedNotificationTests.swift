import Reactor
import Sandbox
import Testing

@testable import RollcallEngine

/// Whoever may connect can say NOTIFY: what the log does not know costs nothing but a look.
@Suite struct ForgedNotificationTests {
  /// Nothing but notifications finds a change in time.
  private func site(_ change: (inout SiteSettings) -> Void = { _ in }) async throws -> Site {
    var settings = SiteSettings()
    settings.more += "\nsweep: { every: 1h }"
    change(&settings)
    let site = try await World.shared.site(settings)
    try await site.sql("CREATE ROLE forger_\(site.name) LOGIN")
    return site
  }

  private func forge(_ statement: String, _ site: Site) async throws {
    try await site.postgres.psql(statement, user: "forger_\(site.name)", database: site.name)
  }

  @Test("G15: keys that a stranger makes up, spelt like those of rows, park nobody")
  func spellings() async throws {
    for type in ["int", "uuid", "text"] {
      let site = try await site {
        $0.schema = """
          CREATE TABLE users (id \(type) PRIMARY KEY, username text, email text, full_name text, status text);
          """
      }
      let key = type == "uuid" ? "00000000-0000-0000-0000-00000000ab35" : "ab35"
      let own = type == "int" ? "35" : key
      try await site.sql("INSERT INTO users VALUES ('\(own)', 'ann', 'a', 'Ann', 'active')")
      try await site.withDaemon { _ in
        try await eventually("ann is there") { try await site.names() == ["ann"] }
        // Of a transaction that a look could find, and of one that is to come.
        try await forge(
          """
          DO $$
          DECLARE
            spelling text;
          BEGIN
            FOREACH spelling IN ARRAY ARRAY[' \(own)', '+\(own)', '00\(own)', '\(own) ', upper('\(own)'), initcap('\(own)'),
              '{\(own)}', '\(own).0', '', ' ', '1e3', '999'] LOOP
              PERFORM pg_notify('rollcall', json_build_object('xid', pg_current_xact_id()::text,
                'keys', json_build_array(spelling))::text);
              COMMIT;
            END LOOP;
          END $$;
          """, site)
        try await site.sql("UPDATE users SET email = 'b'")
        try await eventually("ann is changed") { try await site.value("mail", of: own) == "b" }
        #expect(try await site.sql("SELECT count(*) FROM rollcall.parked") == "0", "\(type)")
      }
      try await site.expectInStep()
    }
  }

  @Test("G12, G15: who is found to have made changes up is not believed, and HR's next change is there at once")
  func aFlood() async throws {
    let site = try await site()
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { running in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      try await forge(
        """
        DO $$ BEGIN
          FOR i IN 1..20000 LOOP
            PERFORM pg_notify('rollcall', format('{"xid":"%s","keys":["%s","%s","%s"]}', pg_current_xact_id(),
              1000 + i * 3, 1001 + i * 3, 1002 + i * 3));
            COMMIT;
          END LOOP;
        END $$
        """, site)
      try await site.insert(["cid"], from: 3)
      try await eventually("cid is there") { try await site.names() == ["ann", "ben", "cid"] }
      // Sixty thousand were named.
      let daemon = running.daemon
      let looked = try await Reactor.run { daemon.engine.sweeper?.believed ?? 0 }
      #expect(looked < 2000, "\(looked) of them were looked at")
      #expect(try await site.sql("SELECT count(*) FROM rollcall.parked") == "0")
    }
    try await site.expectInStep()
  }
}
