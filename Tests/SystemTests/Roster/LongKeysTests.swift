import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// What the ledger remembers of a key stands in indexes, which take no row of more than 2,700 octets: a key beyond that
/// once stopped the directory for everybody, also when its row was gone again.
@Suite struct LongKeysTests {
  private func site(_ type: String) async throws -> Site {
    var settings = SiteSettings()
    settings.schema = "CREATE TABLE users (id \(type), username text, email text, full_name text, status text)"
    return try await World.shared.site(settings)
  }

  /// An SQL expression for a key that does not become small when it is compressed.
  private static func key(_ first: String, hashes: Int) -> String {
    "(SELECT '\(first)' || string_agg(md5(g::text), '') FROM generate_series(1, \(hashes)) g)"
  }

  @Test("G7: a row whose key is too long is parked by its beginning, and delays nobody")
  func rows() async throws {
    let site = try await site("text")
    let beginnings = "SELECT string_agg(left(key, 1) || ' ' || reason, ',' ORDER BY key) FROM rollcall.parked"
    try await site.withDaemon { daemon in
      try await site.sql(
        """
        INSERT INTO users VALUES (\(Self.key("a", hashes: 300)), 'ann', 'a', 'Ann', 'active'),
          (\(Self.key("b", hashes: 60_000)), 'ben', 'b', 'Ben', 'active'),
          ('c' || repeat('é', \(RosterKey.longest)), 'carl', 'c', 'Carl', 'active'),
          ('d' || repeat('é', \(RosterKey.longest - 1)), 'dora', 'd', 'Dora', 'active'), ('7', 'eve', 'e', 'Eve', 'active')
        """)
      try await eventually("everybody else is there") { try await site.names() == ["dora", "eve"] }
      try await eventually("who is not is named") {
        try await site.sql(beginnings) == "a too-large,b too-large,c too-large"
      }
      #expect(try await daemon.statusText().hasPrefix("connected"))
      try await site.sql("UPDATE users SET id = '8' WHERE username = 'ann'; DELETE FROM users WHERE username = 'ben'")
      try await eventually("a shorter key is taken") { try await site.names() == ["ann", "dora", "eve"] }
      try await eventually("a row that is gone is forgotten") { try await site.sql(beginnings) == "c too-large" }
    }
    #expect(try await site.sync(full: true).parked == 1)
    let plan = try await site.plan()
    #expect(plan.parked.count == 1 && plan.plan.sequences.isEmpty)
    try await site.sql("DELETE FROM users WHERE username = 'carl'")
    try await site.sync(full: true)
    try await site.expectInStep()
  }

  @Test("G7: an entry whose link is too long for a key is nobody's", arguments: ["text", "int"])
  func entries(type: String) async throws {
    let site = try await site(type)
    let link = String(repeating: "Rollcall", count: 1500)
    try await site.directory.modify(
      """
      dn: uid=zoe,\(site.base)
      changetype: add
      objectClass: inetOrgPerson
      uid: zoe
      cn: Zoe
      sn: Zoe
      employeeNumber: \(link)

      """)
    try await site.sql("INSERT INTO users VALUES (1, 'ann', 'a', 'Ann', 'active')")
    try await site.sync()
    #expect(try await site.sync(full: true).held == 0)
    #expect(try await site.names() == ["ann", "zoe"])
    #expect(try await site.parked() == [])
  }
}
