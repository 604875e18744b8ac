import LDAPModel
import RollcallAdministration
import Sandbox
import Testing

/// References that the server keeps in step itself after a rename or a deletion, while Rollcall does the same: slapd's
/// overlay refint, which begins after its answer, and 389 Directory Server's plug-in, which has ended before.
@Suite struct FollowedReferenceTests {
  private static func server(_ kind: DirectoryServerKind, in folder: TemporaryFolder) async throws
    -> any ThrowawayDirectory
  {
    if kind == .directory389 {
      var options = Directory389Options()
      options.durable = false
      // Of the two attributes it follows seeAlso.
      options.referentialIntegrity = true
      return try await Directory389Server.start(in: folder, options: options)
    }
    var options = OpenLDAPOptions()
    options.durable = false
    options.globalLines = ["moduleload refint"]
    options.databaseLines = ["overlay refint", "refint_attributes manager seeAlso"]
    return try await DirectoryServer.start(in: folder, options: options)
  }

  /// Whose names an attribute of each entry has, in the order of the keys; none is empty.
  private static func named(_ site: Site, _ attribute: String) async throws -> [String] {
    let entries = try await site.entries(["employeeNumber", attribute]).values
    let named = entries.map { entry in
      (
        Int(entry["employeeNumber"].first?.text ?? "") ?? 0,
        entry[attribute].compactMap(\.text).map { $0.replacing(",\(site.base)", with: "") }.sorted()
      )
    }
    return named.sorted { $0.0 < $1.0 }.map { $0.1.joined(separator: "+") }
  }

  @Test(
    "whoever is renamed, exchanges names or goes is followed once, whoever of the two comes first",
    arguments: [DirectoryServerKind.openLDAP, .directory389])
  func followed(_ kind: DirectoryServerKind) async throws {
    try await TemporaryFolder.with { folder in
      let server = try await Self.server(kind, in: folder)
      var settings = SiteSettings()
      settings.schema += "; ALTER TABLE users ADD manager_id bigint"
      settings.users += "\n  references: { manager: manager_id, seeAlso: manager_id }"
      let site = try await World.shared.site(settings, at: server)
      func expect(_ what: String, _ names: [String]) async throws {
        for attribute in ["manager", "seeAlso"] {
          try await eventually("\(what): \(attribute)") {
            try await Self.named(site, attribute)
          } is: {
            $0 == names
          }
        }
      }
      try await site.withDaemon { _ in
        // Sixty, who are managed by one of the first two; these by nobody.
        try await site.sql(
          """
          INSERT INTO users (id, username, email, full_name, status, manager_id)
          SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', CASE WHEN n > 2 THEN 1 + n % 2 END
          FROM generate_series(1, 62) AS n
          """)
        func all(_ first: String, _ second: String) -> [String] {
          ["", ""] + (3...62).map { $0 % 2 == 0 ? first : second }
        }
        try await expect("they are there", all("uid=u1", "uid=u2"))
        for name in ["a", "b", "c", "d"] {
          try await site.sql("UPDATE users SET username = '\(name)' WHERE id = 1")
        }
        try await expect("the first has another name", all("uid=d", "uid=u2"))
        try await site.sql("UPDATE users SET username = CASE id WHEN 1 THEN 'u2' ELSE 'd' END WHERE id < 3")
        try await expect("both have exchanged their names", all("uid=u2", "uid=d"))
        try await site.sql("DELETE FROM users WHERE id = 1")
        try await expect("one has gone", Array(all("", "uid=d").dropFirst()))
        // By another name: what the server still removes for the former one does not concern it.
        try await site.sql(
          "INSERT INTO users (id, username, email, full_name, status) VALUES (1, 'back', 'x', 'Full 1', 'active')")
        try await expect("the first is back", all("uid=back", "uid=d"))
      }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.journal WHERE action = 'park'") == "0")
      #expect(try await site.sql("SELECT count(*) FROM rollcall.parked") == "0")
      #expect(try await site.sync(full: true).applied == 0)
      try await site.expectInStep()
      await server.stop()
    }
  }
}
