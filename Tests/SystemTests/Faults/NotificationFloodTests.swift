import Sandbox
import Testing

/// Whoever may connect can say NOTIFY: a notification is a hint, and what it says is looked up.
@Suite struct NotificationFloodTests {
  @Test("G9, G15: a stranger's notifications change nothing and hold nobody up")
  func aFlood() async throws {
    let site = try await World.shared.site()
    let stranger = "stranger_\(site.name)"
    try await site.sql("CREATE ROLE \(stranger) LOGIN")
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { daemon in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      try await site.sql(
        """
        SET SESSION AUTHORIZATION \(stranger);
        SELECT count(pg_notify('rollcall', CASE n % 7
          WHEN 0 THEN '{"xid":"1","keys":["1","2","' || n || '"]}' WHEN 1 THEN '{"xid":"99999999999","count":' || n || '}'
          WHEN 2 THEN '{"request":"\(site.name)","n":' || n || '}' WHEN 3 THEN repeat('[', 7000) || n
          WHEN 4 THEN '{"xid":"' || n || '","count":0,"everyone":true}' WHEN 5 THEN n || chr(8238) || E'\\n"' ELSE '' END))
        FROM generate_series(1, 5000) AS n;
        """)
      try await site.insert(["cid"], from: 3)
      try await eventually("a change goes through meanwhile") {
        try await site.names() == ["ann", "ben", "cid"]
      }
      #expect(try await daemon.statusText().hasPrefix("connected"))
    }
    try await site.expectInStep()
  }
}
